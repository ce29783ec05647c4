"""Numbers as people read them."""

import math

SMALL = 0.1  # below which the digits after the zeros count


def rounded(value: float) -> str:
    """Return a number with three digits or four, and all before the point.

    Examples
    --------
    >>> rounded(0.93), rounded(2.5166), rounded(36.25), rounded(1735.98), rounded(0.00042)
    ('0.930', '2.52', '36.2', '1,736', '0.00042')
    """
    if not math.isfinite(value) or 0 < abs(value) < SMALL:
        return f"{value:.3g}"
    before = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    return f"{value:,.{max(0, 3 - before)}f}"
