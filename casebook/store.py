"""The stage store: one folder per stage and key, and the small reference that stages pass on.

A stage's output lies in `store/<case>/<stage>/<key>/` with a `manifest.json` that lists every file
and its hash. There is no other record of it: a folder that is deleted is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import filelock
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError, field_validator

from casebook import files, paths, share, untrusted
from casebook.errors import CasebookError

Facts: TypeAlias = Mapping[str, object]
MANIFEST = share.MANIFEST


class Ref(BaseModel):
    """A frozen reference to a stage's output.

    It is small enough to pass anywhere, and exact enough to be trusted.

    Attributes
    ----------
    case, stage, key
        Together the place in the store.
    sha256
        Hash over the names and hashes of all files; empty while a plan doesn't know it yet.
    facts
        The stage's own few numbers: row counts, columns, what it dropped.
    within
        The folder inside the output that is meant, where one output holds many folds; empty for the
        whole.

    Examples
    --------
    >>> split = Ref(case="fraud", stage="split", key="0a1b")
    >>> split.pending, split.fold(2).within, split.fold(2).whole == split
    (True, 'fold-2', True)
    """

    model_config = ConfigDict(frozen=True)

    case: str
    stage: str
    key: str
    sha256: str = ""
    facts: dict[str, JsonValue] = {}
    within: str = ""

    @field_validator("case", "stage", "key")
    @classmethod
    def _is_part(cls, part: str) -> str:
        if not untrusted.is_part(part):
            raise ValueError(f"{part!r:.80} is not the name of a folder")
        return part

    @property
    def pending(self) -> bool:
        """Whether the output is still to be made (only in a plan)."""
        return not self.sha256

    @property
    def folder(self) -> Path:
        """The folder that holds the output."""
        return paths.store() / self.case / self.stage / self.key

    def path(self, name: str) -> Path:
        """Return the path of one file of the output."""
        return self.folder / self.within / name

    def fold(self, number: int) -> Ref:
        """Return the reference to one fold of an output that holds many."""
        return self.model_copy(update={"within": fold_name(number)})

    @property
    def whole(self) -> Ref:
        """The reference to the whole output that this one is a fold of."""
        return self.model_copy(update={"within": ""})


def fold_name(number: int) -> str:
    """Return the name of a fold's folder inside an output."""
    return f"fold-{number}"


class Manifest(BaseModel):
    """What the store knows of one output: how its key was made, its files, and its cost.

    `seconds` is wall time; `peak_memory_mb` the peak of the process up to the stage's end (None on
    Windows).
    """

    ref: Ref
    parts: dict[str, str]
    files: dict[str, str]
    bytes: int
    seconds: float
    peak_memory_mb: float | None
    made_at: str


def write_manifest(
    folder: Path,
    case: str,
    stage: str,
    parts: dict[str, str],
    facts: Facts,
    cost: Mapping[str, object],
) -> Ref:
    """Write the manifest of a finished output, and return the reference.

    The output's folder is still temporary.
    """
    hashes = {
        p.relative_to(folder).as_posix(): files.sha256(p)
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }
    content = hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
    described = {
        "case": case,
        "stage": stage,
        "key": key_of(parts),
        "sha256": content,
        "facts": dict(facts),
    }
    ref = Ref.model_validate(described)
    size = sum((folder / name).stat().st_size for name in hashes)
    manifest = Manifest.model_validate(
        {"ref": ref, "parts": parts, "files": hashes, "bytes": size, **cost}
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
    return ref


def key_of(parts: Mapping[str, str]) -> str:
    """Return the key that a stage's code, parameters, inputs and libraries make together."""
    return hashlib.sha256(json.dumps(dict(parts), sort_keys=True).encode()).hexdigest()[:32]


def read_manifest(folder: Path) -> Manifest | None:
    """Return a store folder's manifest, here or on the shared storage, or None if unreadable."""
    path = folder / MANIFEST
    return _manifest(path.read_bytes() if path.is_file() else share.read(path))


def _manifest(content: bytes | None) -> Manifest | None:
    try:
        return Manifest.model_validate_json(content or b"")
    except ValidationError:
        return None


@contextmanager
def alone(case: str) -> Iterator[None]:
    """Let one process at a time choose which outputs of a case it uses, or which can go."""
    folder = paths.store() / case
    files.make_folder(folder)
    with filelock.FileLock(folder / ".lock"):
        yield


def sync(folder: Path) -> str | None:
    """Upload an output that is complete here, or download the shared one.

    Return what is wrong with the shared one, or None.
    """
    try:
        share.sync(folder)
    except share.Altered as altered:
        return str(altered)
    return None


def download(ref: Ref) -> None:
    """Have an output here that perhaps another machine made.

    Raises
    ------
    CasebookError
        It is not whole on the shared storage either, or not the one that is meant.
    """
    if paths.shared() is None or _holds(ref):
        return
    share.pull(ref.folder)
    if not _holds(ref):
        raise CasebookError(
            f"The output of {ref.stage} that was to be read is gone or was made anew meanwhile: "
            f"{paths.shared()} has no {ref.case}/{ref.stage}/{ref.key} with that content. Run the "
            "same command again."
        )


def _holds(ref: Ref) -> bool:
    """Say whether the very output that is meant is here."""
    path = ref.folder / MANIFEST
    manifest = _manifest(path.read_bytes()) if path.is_file() else None
    return manifest is not None and manifest.ref.sha256 == ref.sha256


def verify(folder: Path, manifest: Manifest) -> str | None:
    """Return what is wrong with a stored output, or None if it is whole.

    A file may be missing or altered.
    """
    for name, expected in manifest.files.items():
        if not untrusted.is_safe(name):
            return f"{name!r:.80} is not the name of a file inside the folder"
        path = folder / name
        if not path.is_file():
            return f"{name} is gone"
        if files.sha256(path) != expected:
            return f"{name} was altered"
    return None


def latest(case: str, stage: str) -> Manifest | None:
    """Return the manifest of the newest output of a stage, whatever its key."""
    folder = paths.store() / case / stage
    here = [path for path in folder.glob("[!.]*") if path.is_dir()]
    manifests = [m for path in here if (m := read_manifest(path))]
    if not manifests:
        manifests = [m for content in share.manifests(folder).values() if (m := _manifest(content))]
    return max(manifests, key=lambda manifest: manifest.made_at, default=None)
