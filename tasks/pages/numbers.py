"""Numbers as people read them."""


def rounded(value: float) -> str:
    """Return a number with three digits or four, and all before the point.

    Examples
    --------
    >>> rounded(0.93), rounded(2.5166), rounded(36.25), rounded(1735.98)
    ('0.930', '2.52', '36.2', '1,736')
    """
    before = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    return f"{value:,.{max(0, 3 - before)}f}"
