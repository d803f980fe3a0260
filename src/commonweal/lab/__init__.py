"""From a study to trials on disk."""
