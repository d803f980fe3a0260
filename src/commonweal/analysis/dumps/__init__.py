"""Dumps of forums as logs of posts: what a platform's own files say, in the columns that a simulated forum leaves."""
