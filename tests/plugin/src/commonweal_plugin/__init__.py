"""Parts of an outside author."""
