"""Protocols and values that every room shares. Imports nothing of ours."""
