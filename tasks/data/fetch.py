"""Fetch: find the file a data set is read from, and say where it was found."""

import logging
import os
from pathlib import Path

from casebook import files, paths
from casebook.catalog import DataFile, DataSet, data_set
from casebook.errors import CasebookError
from casebook.origin import Kind, Origin
from casebook.run import current
from tasks.data import first_seen
from tasks.data.download import NoAnswer, NotTheFile, answers, download, is_page

log = logging.getLogger("casebook")


def fetch(dataset: str, source: str) -> Origin:
    """Find a data set's file.

    The places searched are the given path, the cache, the mirror, the public source, or (with
    `auto`) the sample.

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
        origin = Origin(
            dataset=dataset, kind="sample", note="made in code", location="the embedded sample"
        )
    elif source in ("auto", "real"):
        origin = _look_everywhere(entry, source)
    else:
        origin = _given(entry, Path(source))
    _note(origin)
    if not current().planning:
        log.info("%s: %s data from %s", entry.title, origin.kind, origin.location)
    return origin


def own(dataset: str, source: str, description: str, kind: Kind = "real") -> Origin:
    """Return the origin of data that a case brings along.

    The data is made in the case's flow and is no sample of any other.

    Parameters
    ----------
    dataset
        Its name in the catalog.
    source
        `auto` and `real` take it as it is; there is nothing more real that it would stand for.
        `sample` takes the same and marks it as a sample. A path takes that file in its place.
    description
        What it is, for the report.
    kind
        `simulated` where it is drawn at random: nobody measured it, and reports must say so.
    """
    if source not in ("auto", "real"):
        return fetch(dataset, source)
    origin = Origin(dataset=dataset, kind=kind, note="made in code", location=description)
    _note(origin)
    return origin


def _note(origin: Origin) -> None:
    """Record the run's input data, to tell whether another run would read the same."""
    current().data[origin.dataset] = {"kind": origin.kind, "sha256": origin.sha256}


def _look_everywhere(entry: DataSet, source: str) -> Origin:
    mirror = os.environ.get("CASEBOOK_DATA_MIRROR", "")
    local = {
        "the cache": paths.raw(),
        **({"the mirror": Path(mirror)} if mirror and "://" not in mirror else {}),
    }
    for where, root in local.items():
        for file in entry.files:
            path = root / entry.folder / file.name
            if path.is_file():
                own = Path(file.name).is_absolute()
                return _origin(entry, file, path, "its place" if own else where, held=not own)
    if current().planning:
        return _planned(entry, source, mirror)
    failures: list[str] = []
    refused: list[str] = []
    for file, url in _addresses(entry, mirror):
        try:
            path = download(url, paths.raw() / entry.folder / file.name, file.sha256)
        except NoAnswer as error:
            failures.append(f"{url} ({error})")
        except NotTheFile as error:
            refused.append(str(error))
        else:
            first_seen.forget(entry, file)
            return _origin(entry, file, path, url)
    return _nowhere(entry, source, mirror, failures, refused)


def _planned(entry: DataSet, source: str, mirror: str) -> Origin:
    """Return where the data would be fetched from; a plan fetches nothing."""
    for _, url in _addresses(entry, mirror):
        if answers(url):
            return Origin(dataset=entry.name, kind="real", note="to be fetched", location=url)
    if source == "real":
        return Origin(dataset=entry.name, kind="real", note="to be found", location="nowhere yet")
    return Origin(
        dataset=entry.name, kind="sample", note="made in code", location="the embedded sample"
    )


def _nowhere(
    entry: DataSet, source: str, mirror: str, failures: list[str], refused: list[str]
) -> Origin:
    """Return the sample, if it may replace data that was found nowhere.

    A response that is not a file is always reported.
    """
    names = " or ".join(file.name for file in entry.files)
    if refused:
        raise CasebookError(
            f"{' '.join(refused)} Nothing was kept. Open the address in a browser, or put {names} "
            f"into {paths.raw() / entry.folder}, or use --source sample or --source PATH."
        )
    if source == "real":
        raise CasebookError(
            f"No real data for '{entry.name}': not in {paths.raw() / entry.folder}, not in a "
            f"mirror (CASEBOOK_DATA_MIRROR={mirror or 'unset'}), not to be had from "
            f"{'; '.join(failures) or 'any address'}. Put {names} there, or use --source sample or "
            "--source PATH."
        )
    if failures:
        tried = "; ".join(failures)
        log.info("No cache, mirror or public source has %s: %s", entry.name, tried)
    return Origin(
        dataset=entry.name, kind="sample", note="made in code", location="the embedded sample"
    )


def _addresses(entry: DataSet, mirror: str) -> list[tuple[DataFile, str]]:
    """Return the addresses to try: those below a mirror that is a URL, then the public ones."""
    below = (
        [(f, f"{mirror.rstrip('/')}/{entry.folder}/{f.name}") for f in entry.files]
        if "://" in mirror
        else []
    )
    return below + [(file, file.url) for file in entry.files if file.url]


def _given(entry: DataSet, path: Path) -> Origin:
    """Return the file that the user named, or the catalog's first file in the named folder."""
    if path.is_dir():
        inside = [path / file.name for file in entry.files if (path / file.name).is_file()]
        if not inside:
            names = " or ".join(file.name for file in entry.files)
            raise CasebookError(
                f"The folder {path} holds no {names}. Name the file itself with --source FILE."
            )
        path = inside[0]
    if not path.exists():
        raise CasebookError(
            f"--source {path}: there is no such file. Allowed are auto, real, sample, or a path."
        )
    if not path.is_file() or not os.access(path, os.R_OK):
        raise CasebookError(
            f"--source {path} can't be read. Check that it is a file and its permissions."
        )
    data_file = next(
        (file for file in entry.files if file.name == path.name),
        DataFile(name=path.name, note="your file"),
    )
    return _origin(
        entry,
        data_file.model_copy(update={"sha256": None, "bytes": None, "rows": None}),
        path,
        "the path given",
        held=False,
    )


def _origin(entry: DataSet, file: DataFile, path: Path, where: str, *, held: bool = True) -> Origin:
    """Hash the file, compare the hash with the expected one, and describe the file.

    The expected hash is the catalog's, or the one of the file as it was read here before.
    """
    if path.stat().st_size == 0:
        raise CasebookError(
            f"The file {path} is empty. Delete it, or put the data set '{entry.name}' in its place."
        )
    if is_page(path):
        raise CasebookError(
            f"The file {path} is a web page, as a server answers with that wants a login or has an "
            f"error. Delete it to fetch it again, or put the data set '{entry.name}' in its place."
        )
    digest = files.sha256(path)
    before = first_seen.seen(entry, file) if held and file.url and not file.sha256 else None
    expected = file.sha256 or before
    if expected not in (None, digest):
        provenance = (
            "the catalog knows"
            if file.sha256
            else f"that was read here before ({first_seen.book()} has its hash)"
        )
        raise CasebookError(
            f"The file {path} is not the one {provenance}: its sha256 is {digest[:16]}…, expected "
            f"{expected[:16]}… ({path.stat().st_size:,} "
            f"bytes{f', expected {file.bytes:,}' if file.bytes else ''}). It may be cut short or "
            "changed. Delete it to fetch it again, or use it all the same with --source PATH."
        )
    note = f": {file.note}" if file.note else ""
    description = f"{where} ({path.name}{note})"
    return Origin(
        dataset=entry.name,
        kind="real",
        sha256=digest,
        note=file.note,
        rows=file.rows,
        path=path,
        location=description,
    )


def proven(origin: Origin) -> None:
    """Record that a file was read completely and holds its data set.

    A later change of the file in the cache is then noticed.
    """
    if origin.path is not None:
        first_seen.keep(data_set(origin.dataset), origin.path, origin.sha256)
