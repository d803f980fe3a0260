import pytest

from commonweal.core.errors import StudyError
from commonweal.models.choice import ModelChoice


def test_a_name_without_an_endpoint_is_refused():
    with pytest.raises(StudyError, match="needs an endpoint"):
        ModelChoice("gpt").open()


def test_the_embedded_model_is_the_null_model_and_an_endpoint_is_not(tmp_path):
    embedded = ModelChoice().open()
    assert embedded.null_model
    assert ModelChoice().open(tmp_path / "replies.sqlite").digest == embedded.digest
    away = ModelChoice("some-model", "http://127.0.0.1:9/v1").open()
    assert not away.null_model
    assert "some-model" in away.name
