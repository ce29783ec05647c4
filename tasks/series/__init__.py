"""Models whose input is a series of numbers."""
