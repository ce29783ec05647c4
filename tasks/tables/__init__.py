"""Models whose input is a row of a table."""
