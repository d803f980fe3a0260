"""Judges of trials: what they look for, what they say, how far they can be trusted, and what that does to an estimate."""
