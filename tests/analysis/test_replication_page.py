"""Published rows and ours in one table, escaped; nothing where there are none."""

import dataclasses

import numpy as np

from commonweal.analysis.replication import Beside, Replication, Row
from commonweal.analysis.replication_page import say_rows, write_replication
from commonweal.statistics.inference import Estimate

OURS = Estimate(1.0, 1.0, 1.0, 0.95, "constant", 10)
NONE = Estimate(np.nan, np.nan, np.nan, 0.95, "", 0)
VARIES = Estimate(20.0, 19.0, 21.0, 0.95, "t", 10)
ROWS = (
    Row("<b>theirs</b>", "part rows: all", (Beside("months", 1.0, OURS, "met"),), "met: months", "One."),
    Row("other", "part rows: all", (Beside("gain", 25.0, VARIES, "another size"),), "another size: gain", "One."),
    Row("alone", "", (Beside("months", 9.3, NONE, ""),), "", ""),
    Row("later", "part language", (Beside("months", 9.3, NONE, ""),), "", ""),
)
FOUND = Replication("fixture", "Somebody 1999", 0.3, np.nan, np.nan, OURS, "replicated exactly", ROWS)


def test_published_and_ours_stand_in_one_table():
    page = write_replication(FOUND)
    assert "&lt;b&gt;theirs" in page
    assert "<b>theirs" not in page
    # Two rows of theirs stand beside the same cells of ours, which are shown once, below them.
    assert page.count("ours, part rows") == 1
    assert "<td class=num>20.00</td>" in page
    assert "19.00 to 21.00" in page
    assert "not run" in page
    assert page.count("<li>One.</li>") == 1
    assert "<li>other, beside part rows: all. Another size: gain.</li>" in page


def test_figures_that_are_compared_are_counted():
    assert say_rows(FOUND).endswith("Of 2 figures of the table that are compared, 1 came out as it says.")
    assert "replicated exactly" in say_rows(FOUND)
    assert say_rows(dataclasses.replace(FOUND, rows=ROWS[2:])).endswith("No other figure is compared.")


def test_nothing_is_written_of_no_table():
    assert write_replication(None) == ""
    assert write_replication(dataclasses.replace(FOUND, rows=())) == ""
