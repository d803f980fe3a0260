"""Studies of published findings."""
