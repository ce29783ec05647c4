"""Fetch: find the file a data set is read from, and say where it was found."""

import json
import logging
import os
from pathlib import Path
from typing import Literal
from urllib.request import Request, urlopen

from pydantic import BaseModel, ConfigDict, Field

from casebook import files, places
from casebook.catalog import DataFile, DataSet, data_set
from casebook.errors import CasebookError
from casebook.run import current

log = logging.getLogger("casebook")
CONNECT_SECONDS = 5.0
Kind = Literal["real", "sample", "simulated"]
RETRIES = 1  # an offline machine must be told so within seconds


class Origin(BaseModel):
    """Where a run's data came from. Only what it is, not where it lay, decides whether stages are reused.

    `kind` tells real data from the embedded sample, and from what a case simulates because chance itself is its
    subject; `path` is None for what is made in code, and while a plan can't know it; `rows` is what the catalog says
    the file has.
    """

    model_config = ConfigDict(frozen=True)
    dataset: str
    kind: Kind
    sha256: str = ""
    note: str = ""
    rows: int | None = None
    path: Path | None = Field(None, exclude=True)
    found: str = Field("", exclude=True)


def fetch(dataset: str, source: str) -> Origin:
    """Find a data set's file: the given path, the cache, the mirror, the public source, or (auto) the sample.

    Parameters
    ----------
    dataset
        Its name in the catalog.
    source
        `auto`, `real`, `sample`, or the path of a file or of the folder that holds it.

    Raises
    ------
    CasebookError
        The path can't be read, a hash differs, or `real` found nothing.
    """
    entry = data_set(dataset)
    if source == "sample":
        origin = Origin(dataset=dataset, kind="sample", note="made in code", found="the embedded sample")
    elif source in ("auto", "real"):
        origin = _look_everywhere(entry, source)
    else:
        origin = _given(entry, Path(source))
    _note(origin)
    if not current().planning:
        log.info("%s: %s data from %s", entry.title, origin.kind, origin.found)
    return origin


def own(dataset: str, source: str, told: str, kind: Kind = "real") -> Origin:
    """Return where data comes from that a case brings along: made in its flow, it is no sample of any other.

    Parameters
    ----------
    dataset
        Its name in the catalog.
    source
        `auto` and `real` take it as it is; there is nothing more real that it would stand for. `sample` takes the same
        and marks it as a sample. A path takes that file in its place.
    told
        What it is, for the report.
    kind
        `simulated` where it is drawn at random: nobody measured it, and reports must say so.
    """
    if source not in ("auto", "real"):
        return fetch(dataset, source)
    origin = Origin(dataset=dataset, kind=kind, note="made in code", found=told)
    _note(origin)
    return origin


def _note(origin: Origin) -> None:
    """Note in the run's record what it reads, so that somebody can tell whether another run would read the same."""
    current().data[origin.dataset] = {"kind": origin.kind, "sha256": origin.sha256}


def _look_everywhere(entry: DataSet, source: str) -> Origin:
    mirror = os.environ.get("CASEBOOK_DATA_MIRROR", "")
    local = {"the cache": places.raw(), **({"the mirror": Path(mirror)} if mirror and "://" not in mirror else {})}
    for where, root in local.items():
        for file in entry.files:
            path = root / entry.folder / file.name
            if path.is_file():
                return _origin(entry, file, path, where)
    addresses = list(_addresses(entry, mirror))
    failures = []
    for file, url in addresses:
        if current().planning:
            if _answers(url):
                return Origin(dataset=entry.name, kind="real", note="to be fetched", found=url)
            continue
        try:
            return _origin(entry, file, _download(entry, file, url), url)
        except OSError as error:
            failures.append(f"{url} ({type(error).__name__})")
    if source == "real" and current().planning:
        return Origin(dataset=entry.name, kind="real", note="to be found", found="nowhere yet")
    if source == "real":
        raise CasebookError(
            f"No real data for '{entry.name}': not in {places.raw() / entry.folder}, not in a mirror "
            f"(CASEBOOK_DATA_MIRROR={mirror or 'unset'}), not to be had from {'; '.join(failures) or 'any address'}. "
            f"Put {' or '.join(f.name for f in entry.files)} there, or use --source sample or --source PATH."
        )
    log.info("No cache, mirror or public source has %s: %s", entry.name, "; ".join(failures) or "no address")
    return Origin(dataset=entry.name, kind="sample", note="made in code", found="the embedded sample")


def _answers(url: str) -> bool:
    """Say whether an address has something to fetch, without fetching it: all that a plan needs to know."""
    try:
        with urlopen(Request(url, method="HEAD"), timeout=CONNECT_SECONDS):
            return True
    except OSError:
        return False


def _addresses(entry: DataSet, mirror: str) -> list[tuple[DataFile, str]]:
    """Return the addresses to try: those below a mirror that is a URL, then the public ones."""
    below = [(f, f"{mirror.rstrip('/')}/{entry.folder}/{f.name}") for f in entry.files] if "://" in mirror else []
    return below + [(file, file.url) for file in entry.files if file.url]


def _given(entry: DataSet, path: Path) -> Origin:
    """Take the file that the user named, or the first of the catalog's files in the folder named."""
    if path.is_dir():
        inside = [path / file.name for file in entry.files if (path / file.name).is_file()]
        if not inside:
            names = " or ".join(file.name for file in entry.files)
            raise CasebookError(f"The folder {path} holds no {names}. Name the file itself with --source FILE.")
        path = inside[0]
    if not path.exists():
        raise CasebookError(f"--source {path}: there is no such file. Allowed are auto, real, sample, or a path.")
    if not path.is_file() or not os.access(path, os.R_OK):
        raise CasebookError(f"--source {path} can't be read. Check that it is a file and its permissions.")
    known = next((file for file in entry.files if file.name == path.name), DataFile(name=path.name, note="your file"))
    return _origin(
        entry,
        known.model_copy(update={"sha256": None, "bytes": None, "rows": None}),
        path,
        "the path given",
        held=False,
    )


def _origin(entry: DataSet, file: DataFile, path: Path, where: str, *, held: bool = True) -> Origin:
    """Hash the file, hold it to the catalog's hash or the first one seen, and describe it."""
    if path.stat().st_size == 0:
        raise CasebookError(f"The file {path} is empty. Delete it, or put the data set '{entry.name}' in its place.")
    digest = files.sha256(path)
    expected = file.sha256 or (_first_seen(file, digest) if held and file.url else None)
    if expected not in (None, digest):
        raise CasebookError(
            f"The file {path} is not the one the catalog knows: its sha256 is {digest[:16]}…, expected {expected[:16]}…"
            f" ({path.stat().st_size:,} bytes{f', expected {file.bytes:,}' if file.bytes else ''}). It may be cut short"
            " or changed. Delete it to fetch it again, or use it all the same with --source PATH."
        )
    found = f"{where} ({path.name}: {file.note})"
    return Origin(
        dataset=entry.name, kind="real", sha256=digest, note=file.note, rows=file.rows, path=path, found=found
    )


def _first_seen(file: DataFile, digest: str) -> str:
    """Return the hash that this file had when it was first seen here, which is now if there is none."""
    book = places.raw() / "first_seen.json"
    seen = json.loads(book.read_text(encoding="utf-8")) if book.is_file() else {}
    if file.name not in seen and not current().planning:
        files.write_json(book, {**seen, file.name: digest})
    return str(seen.get(file.name, digest))


def _download(entry: DataSet, file: DataFile, url: str) -> Path:
    """Download one file into the cache with a progress bar, one more try, and the hash checked.

    Raises
    ------
    OSError
        The address doesn't answer within seconds, or doesn't have the file.
    """
    import pooch

    folder = places.raw() / entry.folder
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=CONNECT_SECONDS)
    pooch.get_logger().setLevel(logging.WARNING)
    known = {file.name: f"sha256:{file.sha256}" if file.sha256 else None}
    source = pooch.create(folder, base_url="", registry=known, urls={file.name: url}, retry_if_failed=RETRIES)
    try:
        return Path(source.fetch(file.name, downloader=downloader))
    except ValueError as error:  # pooch's way to say that the hash differs; the file was not kept
        raise CasebookError(f"{url} answered with another file than the catalog knows: {error}") from error
