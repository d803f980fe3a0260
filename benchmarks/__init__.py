"""Speed beside peers, in one run: `uv run python -m benchmarks [NAME ...] [--json FILE]`."""
