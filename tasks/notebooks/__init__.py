"""Notebooks that walk through a case's steps."""
