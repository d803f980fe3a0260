"""Doors to other libraries: one adapter a file, each an extra that is imported only where it is used."""
