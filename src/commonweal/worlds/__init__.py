"""Situations: a world is a file."""
