"""How agents decide: a mind is a file."""
