"""The files of flows, and which of them Prefect runs."""

from casebook import paths

LISTS = {"models", "notebook", "runs", "site"}  # that show or write something, and run nothing
FILES = {path.stem for path in (paths.project() / "flows").glob("[!_]*.py")}
DEPLOYED = sorted(FILES - LISTS)
