"""Every colour of text can be read: contrast as WCAG 2.2 defines it, at least 4.5 to 1 (success criterion 1.4.3)."""

import re

import pytest

from commonweal.analysis.appearance import SCRIPT, STYLE


def luminance(color):
    digits = color.lstrip("#")
    digits = "".join(2 * d for d in digits) if len(digits) == 3 else digits
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def themes():
    return [dict(re.findall(r"--(\w+):(#\w+)", block)) for block in re.findall(r":root\{([^}]*)\}", STYLE)]


def test_the_formula_gives_the_published_extremes():
    assert contrast("#000", "#ffffff") == pytest.approx(21)


def test_light_dark_and_print_can_be_read():
    assert len(themes()) == 3
    for theme in themes():
        for text in ("ink", "soft", "link"):
            assert contrast(theme[text], theme["page"]) >= 4.5, text
        assert contrast(theme["warn"], theme["warnwash"]) >= 4.5
        for mark in ("control", "treatment", "other"):
            assert contrast(theme[mark], theme["page"]) >= 3, mark  # 1.4.11, graphics


def test_nothing_is_loaded():
    assert "url(" not in STYLE + SCRIPT
    assert "@import" not in STYLE
    assert "http" not in STYLE + SCRIPT
