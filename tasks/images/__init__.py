"""Models whose input is a picture."""
