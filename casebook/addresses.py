"""Addresses of databases, as logs, catalogs and reports may show them."""

import re


def without_password(text: str) -> str:
    """Return a text with the password of each address in it left out.

    Examples
    --------
    >>> without_password("postgresql://me:secret@host/shop"), without_password("a.csv")
    ('postgresql://me:***@host/shop', 'a.csv')
    """
    return re.sub(r"(://[^:/@\s]*):\S*@", r"\1:***@", text)
