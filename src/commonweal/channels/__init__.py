"""Media: who hears whom, and what is lost on the way."""
