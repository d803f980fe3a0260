"""What is said to fit does: widths are never below those of the font that is in use."""

import numpy as np
import pytest

from commonweal.analysis.lettering import LEAST, TICK, Lettering, cut_text, fit_labels, fit_size, measure_text


def test_widths_of_the_font():
    # DejaVu Sans has 2048 units an em: a digit has 1303, a full stop 651, a minus sign 1716 (its table `hmtx`).
    assert measure_text("0.37", 10) == pytest.approx(10 * (3 * 1303 + 651) / 2048, rel=0.01)
    assert measure_text("\u22121", 10) == pytest.approx(10 * (1716 + 1303) / 2048, rel=0.01)
    assert measure_text("", 10) == 0


def test_the_size_is_the_largest_that_fits():
    rng = np.random.default_rng(5)
    for width in rng.uniform(5, 80, 50):
        texts = [f"{value:.2f}" for value in rng.uniform(0, 300, 4)]
        size = fit_size(texts, width, 40, 10.5)
        widest = max(measure_text(text, 1.0) for text in texts)
        if size is None:
            assert widest * LEAST > width - 3
        else:
            assert widest * size <= width - 3 + 0.06 * widest
            assert size == 10.5 or widest * (size + 0.1) > width - 3
    assert fit_size(["1"], 100, 9, 10.5) is None
    assert fit_size([], 100, 100, 10.5) == 10.5


def test_labels_side_by_side_never_meet():
    rng = np.random.default_rng(6)
    for _ in range(50):
        count = int(rng.integers(1, 40))
        labels, width = [f"{value:.3g}" for value in rng.uniform(0, 2, count)], 316 / count
        found = fit_labels(labels, width)
        assert max(measure_text(label, found.size) for label in labels) < found.every * width
        assert found.every == 1 or found.size == TICK
    assert fit_labels(["0", "0.5", "1"], 100).size == TICK
    # Words are not left out.
    assert fit_labels(["plurality", "weighted by stake"], 40) == Lettering(LEAST, 1)
    assert fit_labels(["\u22121,000", "1e-05"], 10).every > 1


def test_long_words_are_cut():
    assert cut_text("none", 11, 60) == "none"
    short = cut_text("a vote by stake", 11, 60)
    assert short.endswith("\u2026")
    assert "a vote by stake".startswith(short[:-1])
    assert measure_text(short, 11) <= 60
    assert cut_text("word", 11, 1) == "\u2026"
