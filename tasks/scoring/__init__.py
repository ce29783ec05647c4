"""Predictions for files."""
