"""Metrics, their intervals, and checks against leakage."""
