"""Samples: small data sets made in code, for runs without the real data.

They are tables, pictures, texts and series.
"""

import casebook as casebook  # puts heavy libraries off, before a module below imports one
