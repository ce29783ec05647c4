"""`python -m flows`: list the cases and operational flows, one line each, without importing any."""

import ast
from pathlib import Path

import flows


def main() -> None:
    """Print each flow's name and the first line of its docstring."""
    print("Run one with `python -m flows.<name>`; `--help` shows its parameters.\n")
    for path in sorted(path for folder in flows.__path__ for path in Path(folder).glob("[!_]*.py")):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        print(f"  {path.stem:16} {docstring.splitlines()[0] if docstring else ''}")


if __name__ == "__main__":
    main()
