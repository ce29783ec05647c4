"""Immigration to Canada."""
