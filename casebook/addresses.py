"""Addresses of databases, as logs, catalogs and reports may show them."""

import re


def without_password(text: str) -> str:
    """Return an address without its password, and any other text as it is.

    Examples
    --------
    >>> without_password("postgresql://me:secret@host/shop"), without_password("a.csv")
    ('postgresql://me:***@host/shop', 'a.csv')
    """
    return re.sub(r"(://[^:/@]*):.*@", r"\1:***@", text)
