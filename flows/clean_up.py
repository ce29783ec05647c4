"""Clean up: drop stored stages and run folders that neither the last runs nor published models need."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from casebook import files, places, registry, share
from casebook.errors import CasebookError
from casebook.operation import Operation
from casebook.run import RECORD


def clean_up(keep_runs: Annotated[int, "how many runs of each case stay, the newest"] = 5) -> str:
    """Keep what the last runs of each case used, finished or not, and the runs of published models; drop the rest.

    Raises
    ------
    CasebookError
        `keep_runs` is below 1.
    """
    if keep_runs < 1:
        raise CasebookError(f"--keep-runs {keep_runs}: at least 1 run of each case must be kept.")
    dropped = [path for case in _cases() for path in _not_needed(case, keep_runs)]
    size = sum(_drop(path) for path in dropped)
    return f"Dropped {len(dropped)} folders, {size / 1e6:.1f} MB."


def _cases() -> list[str]:
    return [path.name for path in _inside(places.runs(""))]


def _inside(folder: Path) -> list[Path]:
    """Return the folders in a folder, here and on the shared storage."""
    here = (path.name for path in folder.glob("[!.]*") if path.is_dir())
    return [folder / name for name in sorted({*here, *share.names(folder)})]


def _drop(path: Path) -> int:
    """Remove a folder on the shared storage and here, and return its bytes."""
    there = share.drop(path)
    here = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    if path.is_dir():
        shutil.rmtree(path)
    return max(here, there)


def _not_needed(case: str, keep_runs: int) -> Iterator[Path]:
    """Yield the run folders and store folders of a case that can go."""
    runs = _inside(places.runs(case))[::-1]
    published = {manifest["run_id"] for manifest in registry.published(case).values()}
    kept = [run for i, run in enumerate(runs) if i < keep_runs or run.name in published]
    yield from (run for run in runs if run not in kept)
    used = {key for run in kept[:keep_runs] for key in _keys(run)}
    for stage in _inside(places.store() / case):
        files.sweep(stage)
        yield from (path for path in _inside(stage) if (stage.name, path.name) not in used)


def _keys(run: Path) -> set[tuple[str, str]]:
    record = run / RECORD
    content = record.read_bytes() if record.is_file() else share.read(record)
    stages = json.loads(content)["stages"] if content else []
    return {(stage["stage"], stage["key"]) for stage in stages}


operation = Operation(clean_up)

if __name__ == "__main__":
    raise SystemExit(operation.main())
