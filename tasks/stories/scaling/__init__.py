"""Ways to scale a column."""
