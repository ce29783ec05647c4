"""Clean up: remove stages and run folders that no recent run or published model needs."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from casebook import alive, files, paths, share, store, versions
from casebook.errors import CasebookError
from casebook.operation import Operation
from casebook.record import Damaged, goes_on, lock_of, read


def clean_up(keep_runs: Annotated[int, "how many runs of each case stay, the newest"] = 5) -> str:
    """Remove all but what the last runs of each case used and the runs of published models.

    Of the last runs, unfinished ones count as well. What a run in progress uses is also kept,
    however many there are, and so is whatever a damaged file leaves unclear.

    Raises
    ------
    CasebookError
        `keep_runs` is below 1.
    """
    if keep_runs < 1:
        raise CasebookError(f"--keep-runs {keep_runs}: at least 1 run of each case must be kept.")
    sizes: list[int] = []
    doubts: list[str] = []
    for case in _cases():
        with store.alone(case):
            sizes += [_drop(path) for path in _not_needed(case, keep_runs, doubts)]
    return " ".join([f"Dropped {len(sizes)} folders, {sum(sizes) / 1e6:.1f} MB.", *doubts])


def _cases() -> list[str]:
    return [path.name for path in _inside(paths.runs(""))]


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
    alive.remove(lock_of(path))
    return max(here, there)


def _not_needed(case: str, keep_runs: int, doubts: list[str]) -> list[Path]:
    """Return the run folders and outputs of a case that can go.

    Report what is unclear, and so is kept. The outputs are listed before the runs: what is made by
    a run that starts meanwhile is not considered.
    """
    outputs = list(_outputs(case))
    runs = _inside(paths.runs(case))[::-1]
    faults = {run: fault for run in runs if (fault := _fault(run))}
    going_on = [run for run in runs if run not in faults and _goes_on(run)]
    using = [*runs[:keep_runs], *going_on]
    kept = {*using, *_of_versions(case, runs, doubts), *faults}
    doubts += faults.values()
    dropped = [run for run in runs if run not in kept]
    if lost := [run.name for run in using if run in faults]:
        doubts.append(
            f"All outputs of {case} stay, as nobody can tell what {', '.join(lost)} used."
        )
        return dropped
    used = {key for run in using for key in _keys(run)}
    return dropped + [path for path in outputs if (path.parent.name, path.name) not in used]


def _outputs(case: str) -> Iterator[Path]:
    """Yield the folders of a case's outputs; what killed runs left half-written is swept."""
    for stage in _inside(paths.store() / case):
        files.sweep(stage)
        yield from _inside(stage)


def _of_versions(case: str, runs: Iterable[Path], doubts: list[str]) -> list[Path]:
    """Return the runs that published versions come from.

    Return all runs where a version doesn't name its own.
    """
    run_ids = {
        version: manifest["run_id"] for version, manifest in versions.published(case).items()
    }
    faults = [*versions.damaged(case).values()]
    faults += [f"version {version} names no run" for version, run in run_ids.items() if run is None]
    if faults:
        doubts.append(f"All runs of {case} stay: {'; '.join(faults)}.")
        return list(runs)
    return [run for run in runs if run.name in run_ids.values()]


def _fault(run: Path) -> str | None:
    """Say what is wrong with a run's record, or None."""
    try:
        read(run)
    except Damaged as fault:
        return str(fault)
    return None


def _goes_on(run: Path) -> bool:
    record = read(run)
    return record is not None and goes_on(run, record)


def _keys(run: Path) -> set[tuple[str, str]]:
    """Return the outputs that a run used, by stage and key."""
    record = read(run)
    return {(used.stage, used.key) for used in record.stages} if record else set()


operation = Operation(clean_up, mends=True)

if __name__ == "__main__":
    raise SystemExit(operation.main())
