import json

import pytest

from commonweal.analysis.estimates import write_estimates
from commonweal.analysis.findings import read_findings, write_findings
from commonweal.analysis.storing import encode
from commonweal.core.errors import LogError


def test_findings_read_back_as_written(finished, tmp_path):
    write_estimates(finished)
    findings = read_findings(finished)
    again = read_findings(write_findings(tmp_path, findings).parent)
    assert encode(again) == encode(findings)  # NaN is not equal to itself
    assert (tmp_path / "estimates.json").read_bytes() == (finished / "estimates.json").read_bytes()


def test_the_file_has_the_fields_of_design_002(finished):
    write_estimates(finished)
    raw = json.loads((finished / "estimates.json").read_text())
    assert set(raw) == {"schema", "log_digest", "answer", "primary", "estimates", "rates", "costs", "science"}
    fields = {"name", "part", "cell", "estimand", "value", "low", "high", "level", "method", "n", "unit", "source"}
    assert all(set(row) == fields for row in raw["estimates"])


def test_files_that_do_not_fit(tmp_path):
    path = tmp_path / "estimates.json"
    with pytest.raises(LogError, match="Write the estimates first"):
        read_findings(tmp_path)
    path.write_text("{")
    with pytest.raises(LogError, match="not JSON"):
        read_findings(tmp_path)
    path.write_text('{"schema": "commonweal.estimates/0"}')
    with pytest.raises(LogError, match=r"found schema 'commonweal\.estimates/0', expected 'commonweal\.estimates/2'"):
        read_findings(tmp_path)
    path.write_text('{"schema": "commonweal.estimates/2", "primary": {}}')
    with pytest.raises(LogError, match="found fields that do not fit"):
        read_findings(tmp_path)


def test_the_index_holds_means_and_no_theory(finished):
    write_estimates(finished)
    means = read_findings(finished).index_means()
    assert len(means) == 68 * 4
    assert all(finding.estimand.startswith("mean") for finding in means.values())
