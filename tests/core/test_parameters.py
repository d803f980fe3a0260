"""Parameters by their path, through wrappers."""

import jax.numpy as jnp
import pytest

from commonweal.core import parameters
from commonweal.core.errors import StudyError
from commonweal.institutions.audit import Audit
from commonweal.institutions.presence import If
from commonweal.institutions.tax import Tax


def test_a_path_is_found_read_and_put() -> None:
    rule = If(If(Tax(rate=0.25)))
    path = parameters.locate(rule, Tax, lambda tax: tax.rate, "a test")
    assert path == ("inner", "inner", "rate")
    parameters.check(rule, path, "a test")
    assert float(parameters.read(rule, path)) == 0.25
    changed = parameters.put(rule, path, jnp.float32(0.5))
    assert float(parameters.read(changed, path)) == 0.5
    assert float(parameters.read(rule, path)) == 0.25


def test_errors() -> None:
    with pytest.raises(StudyError, match="a test on Tax was given If, which holds none"):
        parameters.locate(If(Audit()), Tax, lambda tax: tax.rate, "a test")
    with pytest.raises(StudyError, match="no field 'rated'"):
        parameters.check(Tax(), ("rated",), "a test")
    with pytest.raises(StudyError, match="no single number"):
        parameters.check(Audit(), ("schedule",), "a test")
    with pytest.raises(StudyError, match="nothing of Tax"):
        parameters.check(Tax(), (), "a test")
