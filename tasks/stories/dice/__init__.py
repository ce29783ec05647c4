"""Chance, and what a sample tells of it."""
