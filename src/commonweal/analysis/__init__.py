"""From trials on disk to a table, estimates and a report."""
