"""What makes "fast" a number.

`python -m benchmarks` measures, side by side in one run, and asserts nothing.
"""
