"""Commonweal: a laboratory for societies of AI agents."""

__version__ = "0.1.0"
