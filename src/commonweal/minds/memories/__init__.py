"""Kinds of memory of a language mind: window, summary, retrieval, reflections."""
