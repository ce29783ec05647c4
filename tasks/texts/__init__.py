"""Models whose input is a text."""
