"""Reuse: whether a stage runs or its stored output serves, and why."""

from collections.abc import Mapping

from casebook import store
from casebook.run import Run, StageRecord
from casebook.store import Manifest, Ref


def decide(run: Run, ref: Ref, parts: Mapping[str, str]) -> StageRecord:
    """Decide whether a stage is run or its stored output reused, and why.

    A plan downloads nothing.
    """
    wrong = None if run.planning or run.refresh else store.sync(ref.folder)
    manifest = store.read_manifest(ref.folder)
    previous = manifest or store.latest(ref.case, ref.stage)
    why = wrong or _reason_to_run(run, ref, parts, manifest, previous)
    record = StageRecord(
        stage=ref.stage, key=ref.key, status="run" if why else "reuse", why=why or "nothing changed"
    )
    return record.model_copy(update=cost_of(previous))


def _reason_to_run(
    run: Run, ref: Ref, parts: Mapping[str, str], manifest: Manifest | None, last: Manifest | None
) -> str | None:
    if run.refresh:
        return "a fresh run was asked for"
    if manifest is None:
        return _what_changed(parts, last)
    here = (ref.folder / store.MANIFEST).is_file()  # else a plan, and the run will bring it
    return store.verify(ref.folder, manifest) if here else None


def _what_changed(parts: Mapping[str, str], last: Manifest | None) -> str:
    if last is None:
        return "not made before"
    names = sorted({*parts, *last.parts})
    changed = [name for name in names if parts.get(name) != last.parts.get(name)]
    waiting = [
        name for name in changed if parts.get(name) == "pending" or "pending" in parts.get(name, "")
    ]
    if waiting and len(waiting) == len(changed):
        return "waits for " + ", ".join(waiting)
    return ", ".join(name for name in changed if name not in waiting) + " changed"


def cost_of(manifest: Manifest | None) -> dict[str, object]:
    """Return what an output cost to make."""
    if manifest is None:
        return {}
    return manifest.model_dump(include={"seconds", "bytes", "peak_memory_mb"})
