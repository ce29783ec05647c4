"""From a source to a clean table."""
