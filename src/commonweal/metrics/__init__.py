"""Measurements: a metric is a file."""
