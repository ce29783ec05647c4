"""The cases: one story per file, run by `python -m flows.<case>`; `python -m flows` lists them."""

from casebook import paths

# a case of somebody else's lies in a folder laid out as this checkout and is run by the same
# command
__path__ = [str(root / "flows") for root in paths.roots()]
