"""The files of flows, and which of them Prefect runs."""

from casebook import paths

LISTS = {"models", "runs", "site"}  # that show what there is, and run nothing
FILES = {path.stem for path in (paths.project() / "flows").glob("[!_]*.py")}
DEPLOYED = sorted(FILES - LISTS)
