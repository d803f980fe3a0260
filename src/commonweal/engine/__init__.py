"""Runs a society: compiled or hosted."""
