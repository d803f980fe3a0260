"""What a report says of factors that matter, of two that matter together, of nothing, and of a null model; words escaped."""

import dataclasses

from commonweal.analysis.factorial import find_factorial
from commonweal.analysis.factorial_page import say_factorial, write_factorial
from commonweal.lab.designs.full import Full
from commonweal.lab.factors import Factor
from planted import DETECT, HOLD, PAYER, main_part, plant, write_plan

EVIL = "<script>hold</script>"
FACTORS = (Factor("detection", DETECT.lens, (0.1, 0.9)), PAYER, Factor(EVIL, HOLD.lens, (0, 2)))


def found(folder, together: float, size: float = 1.0):
    folder.mkdir(exist_ok=True)
    plan = write_plan(folder, Full(), FACTORS)

    def outcome(levels, seed, rng):
        high, held = levels["detection"] > 0.5, levels[EVIL] > 0
        return {"welfare": size * (4.0 * high + held) + together * high * held + rng.normal(0, 0.001)}

    effects = find_factorial(plan, plant(plan, outcome), main_part(plan))
    assert effects is not None
    return effects


def test_the_largest_and_those_that_go_together_are_said(tmp_path):
    text = say_factorial(found(tmp_path / "a", 2.0))
    assert text.startswith("detection moves welfare most, by +5.00 (")
    assert "2 of 3 factors move it beyond chance" in text
    assert f"where {EVIL} is 2, detection brings more (+1.00, " in text
    assert "detection brings less (−1.00" in say_factorial(found(tmp_path / "b", -2.0))
    assert "No two of them" in say_factorial(found(tmp_path / "c", 0.0))
    assert "No factor's effect on welfare is told from chance." in say_factorial(found(tmp_path / "d", 0.0, 0.0))


def test_the_page_has_bars_and_a_table_and_no_element_of_a_label(tmp_path):
    effects = found(tmp_path, 2.0)
    html = write_factorial(effects)
    assert "<script" not in html
    assert "&lt;script&gt;hold&lt;/script&gt;" in html
    assert html.count("<svg") == 1
    assert "null model" not in html
    assert "null model" in write_factorial(dataclasses.replace(effects, null_model=True))
