"""Rules that bind agents in any world: a rule is a file."""
