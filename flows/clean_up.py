"""Clean up: drop stored stages and run folders that neither the last runs nor published models need."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from casebook import files, places
from casebook.errors import CasebookError
from casebook.operation import Operation


def clean_up(keep_runs: int = 5) -> str:
    """Keep what the last runs of each case used, finished or not, and the runs of published models; drop the rest.

    Raises
    ------
    CasebookError
        `keep_runs` is below 1.
    """
    if keep_runs < 1:
        raise CasebookError(f"--keep-runs {keep_runs}: at least 1 run of each case must be kept.")
    dropped = [path for case in _cases() for path in _not_needed(case, keep_runs)]
    size = sum(file.stat().st_size for path in dropped for file in path.rglob("*") if file.is_file())
    for path in dropped:
        shutil.rmtree(path)
    return f"Dropped {len(dropped)} folders, {size / 1e6:.1f} MB."


def _cases() -> list[str]:
    return sorted(path.name for path in places.runs("").glob("*") if path.is_dir())


def _not_needed(case: str, keep_runs: int) -> Iterator[Path]:
    """Yield the run folders and store folders of a case that can go."""
    runs = sorted((path for path in places.runs(case).glob("*") if path.is_dir()), reverse=True)
    published = {
        json.loads(p.read_text(encoding="utf-8"))["run_id"] for p in places.models(case).glob("*/manifest.json")
    }
    kept = [run for i, run in enumerate(runs) if i < keep_runs or run.name in published]
    yield from (run for run in runs if run not in kept)
    used = {key for run in kept[:keep_runs] for key in _keys(run)}
    for stage in (places.store() / case).glob("*"):
        files.sweep(stage)
        yield from (p for p in stage.glob("[!.]*") if (stage.name, p.name) not in used)


def _keys(run: Path) -> set[tuple[str, str]]:
    record = run / "run.json"
    stages = json.loads(record.read_text(encoding="utf-8"))["stages"] if record.is_file() else []
    return {(stage["stage"], stage["key"]) for stage in stages}


operation = Operation(clean_up)

if __name__ == "__main__":
    raise SystemExit(operation.main())
