"""Reuse: whether a stage runs or its stored output serves, and why."""

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Any

from casebook import store
from casebook.run import Run, StageRecord
from casebook.store import Manifest, Ref

LONGEST = 60  # characters in which a change of a value is said


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
    ready = [name for name in changed if name not in waiting]
    values = {name: list(_values(name, last.parts, parts)) for name in ready}
    others = ", ".join(name for name in ready if not values[name])
    changes = [change for of_name in values.values() for change in of_name]
    return ", ".join([*changes, *([f"{others} changed"] if others else [])])


def _values(name: str, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """Yield which short values of a part changed, and into what.

    Examples
    --------
    >>> before, now = {"epochs": "5"}, {"epochs": "8"}
    >>> list(_values("epochs", before, now))
    ['epochs 5 → 8']
    >>> before, now = {"policy": '{"by":"cost","missed":100.0} f0'}, {"policy": '{"missed":2.0} f0'}
    >>> list(_values("policy", before, now))
    ['missed 100.0 → 2.0']
    """
    old, new = (_fields(name, part.get(name, "")) for part in (before, now))
    changes = [field for field in new if field in old and old[field] != new[field]]
    texts = [f"{field} {_shown(old[field])} → {_shown(new[field])}" for field in changes]
    short = [text for text in texts if len(text) <= LONGEST]
    yield from short
    if short and len(short) < len(texts):
        yield f"more of {name}"


def _fields(name: str, part: str) -> dict[str, Any]:
    """Return the values in a part of a key: a record's fields, or the one value under its name."""
    if not part:
        return {}
    if name.startswith("library "):
        return {name.removeprefix("library "): part}
    try:
        if part.startswith("["):
            items = [json.loads(item) for item in ast.literal_eval(part)]
            return {name: " ".join(map(_shown, items)) or "none"}
        value, end = json.JSONDecoder().raw_decode(part)
    except (ValueError, TypeError, SyntaxError, RecursionError):  # a hash, or no such value
        return {}
    if isinstance(value, dict):  # the hash of its code stands behind it
        return value
    return {name: value} if end == len(part) else {}


def _shown(value: Any) -> str:
    """Return a value for a terminal: an ordinary word as it is, all else as JSON writes it."""
    plain = isinstance(value, str) and value.isprintable()
    return str(value) if plain else json.dumps(value)


def cost_of(manifest: Manifest | None) -> dict[str, object]:
    """Return what an output cost to make."""
    if manifest is None:
        return {}
    return manifest.model_dump(include={"seconds", "bytes", "peak_memory_mb"})
