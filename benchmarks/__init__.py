"""Performance benchmarks that put numbers on "fast".

`python -m benchmarks` measures side by side in one run, and asserts nothing.
"""

import casebook as casebook  # puts heavy libraries off, before a module below imports one
