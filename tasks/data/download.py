"""Download: fetch a file into the cache, or say why what an address answers is not the file.

A mirror that wants a login, a proxy or a server with an error often answers 200 with a page. Such
an answer is never kept: neither a page in the place of data, nor what begins otherwise than its
kind of file does, nor nothing at all.
"""

import logging
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pooch
import requests

CONNECT_SECONDS = 5.0
RETRIES = 1  # an offline machine must be told so within seconds
HEAD = 512  # bytes at a file's beginning that tell its kind
PAGE = (b"<!doctype html", b"<html", b"<head", b"<body", b"<!--", b"<?xml")
BEGINS = {
    ".zip": b"PK",
    ".xlsx": b"PK",
    ".npz": b"PK",
    ".gz": b"\x1f\x8b",
    ".tgz": b"\x1f\x8b",
    ".bz2": b"BZh",
    ".xz": b"\xfd7zXZ",
    ".parquet": b"PAR1",
    ".h5": b"\x89HDF",
}


class NoAnswer(Exception):
    """An address that doesn't answer, or has no such file."""


class NotTheFile(Exception):
    """An answer that is not the file: the message says what it is instead."""


def answers(url: str) -> bool:
    """Say whether an address has something to fetch, without fetching it.

    All that a plan needs to know.
    """
    try:
        with urlopen(Request(url, method="HEAD"), timeout=CONNECT_SECONDS):
            return True
    except (OSError, HTTPException, ValueError):  # ValueError: what is no address at all
        return False


def download(url: str, path: Path, sha256: str | None) -> Path:
    """Download one file with a progress bar, one more try, and its hash and its beginning checked.

    Raises
    ------
    NoAnswer
        The address doesn't answer within seconds, breaks off, or doesn't have the file.
    NotTheFile
        It answers with something else.
    """
    http = pooch.HTTPDownloader(progressbar=True, timeout=CONNECT_SECONDS)
    pooch.get_logger().setLevel(logging.WARNING)
    registry = {path.name: f"sha256:{sha256}" if sha256 else None}
    source = pooch.create(
        path.parent, base_url="", registry=registry, urls={path.name: url}, retry_if_failed=RETRIES
    )
    try:
        return Path(
            source.fetch(path.name, downloader=partial(_checked, http=http, name=path.name))
        )
    except requests.RequestException as error:
        raise NoAnswer(type(error).__name__) from error
    except ValueError as error:  # pooch's way to say that the hash differs; the file was not kept
        raise NotTheFile(
            f"{url} answered with another file than the catalog knows: {str(error).rstrip('.')}."
        ) from error


def _checked(url: str, output: str, source: Any, *, http: Any, name: str) -> None:
    """Download as pooch does, and look at the beginning before the file gets its name."""
    http(url, output, source)
    if wrong := wrong_beginning(Path(output), name):
        raise NotTheFile(f"{url} answered with {wrong} instead of {name}.")


def wrong_beginning(path: Path, name: str) -> str | None:
    """Return what a file is that can't be the one of this name, by its first bytes."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        return "nothing"
    if is_page(path, name):
        return "a web page, as servers do that want a login or have an error,"
    expected = BEGINS.get(Path(name).suffix.lower(), b"")
    return None if head.startswith(expected) else f"what is no {Path(name).suffix} file"


def is_page(path: Path, name: str = "") -> bool:
    """Say whether a file that should hold data is a web page, or a server's message in XML."""
    if Path(name or path.name).suffix.lower() in (".html", ".htm", ".xml"):
        return False
    with path.open("rb") as file:
        head = file.read(HEAD)
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(PAGE)
