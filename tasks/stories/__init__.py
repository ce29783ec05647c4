"""Chapters of one case each."""
