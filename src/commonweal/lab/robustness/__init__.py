"""A robustness audit: the same question asked again of societies that differ in what should not matter."""

from commonweal.lab.robustness.audit import robust

__all__ = ["robust"]
