"""Access to the storage that machines share, whatever its kind.

Whatever goes wrong there is reported in one paragraph.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from casebook import paths, untrusted
from casebook.errors import CasebookError

if TYPE_CHECKING:
    from upath import UPath

T = TypeVar("T")
OWN_DISK = ("file", "local")  # protocols of folders, such as a network drive


def at(path: Path) -> UPath:
    """Return where a path here lies on the shared storage."""
    with reaching():
        from upath import UPath

        url = str(paths.shared())
        root = UPath(url, auto_mkdir=True) if url.split("://")[0] in OWN_DISK else UPath(url)
        root.fs.invalidate_cache()  # another machine may have changed what was listed before
        return root.joinpath(*path.relative_to(paths.artifacts()).parts)


def none_if_missing(request: Callable[[], T]) -> T | None:
    """Return what the shared storage answers, or None where there is no such thing."""
    with reaching():
        try:
            return request()
        except (FileNotFoundError, NotADirectoryError) as error:
            if "NoSuchBucket" in str(getattr(error.__cause__, "response", "")):
                raise
    return None


def content(there: UPath, limit: int) -> bytes:
    """Return what a file of at most `limit` bytes holds.

    Raises
    ------
    Untrusted
        It is larger, or in a folder something that is no file, such as a pipe.
    FileNotFoundError
        It is not there.
    """
    if there.protocol in OWN_DISK:
        return untrusted.read(Path(there.path), limit)
    size = there.fs.info(there.path)["size"]
    if size is not None and size > limit:
        raise untrusted.Untrusted(
            f"{there} has {size:,} bytes, more than the {limit:,} it may have."
        )
    return bytes(there.fs.cat_file(there.path))


def check_regular(there: UPath, file_paths: Iterable[str]) -> None:
    """Refuse what lies in a folder that machines share and is no file, before it is copied.

    Raises
    ------
    Untrusted
        One of `file_paths` is a pipe, a device, or the like.
    """
    if there.protocol not in OWN_DISK:
        return
    for path in map(Path, file_paths):
        if path.exists() and not path.is_file():
            raise untrusted.Untrusted(
                f"{path} is no regular file. Put the file back that belongs there, or remove it."
            )


@contextmanager
def reaching() -> Iterator[None]:
    """Turn errors of the shared storage into a CasebookError.

    There are as many kinds of errors as there are kinds of storage.
    """
    try:
        yield
    except CasebookError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise  # the local copy's disk is full
        raise CasebookError(
            f"The shared storage {paths.shared()} can't be used: {type(error).__name__}: {error}. "
            f"{_remedy(error)} What was made here stays in {paths.artifacts()} and is shared by "
            "the next run."
        ) from error


def _remedy(error: Exception) -> str:
    if isinstance(error, ImportError):
        return "Install what it needs; for S3 that is `pip install universal-pathlib s3fs`."
    if isinstance(error, ValueError):
        return (
            "CASEBOOK_ARTIFACTS is a folder, or a URL that fsspec knows, such as "
            "s3://bucket/prefix."
        )
    if isinstance(error, FileNotFoundError):
        return "Make the bucket, or set CASEBOOK_ARTIFACTS to one that is there."
    if isinstance(error, PermissionError) or "Credentials" in type(error).__name__:
        return (
            "Give credentials that may list, read, write and delete there (for S3: "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE)."
        )
    return (
        "Check the network and the address (AWS_ENDPOINT_URL, for S3 that is not Amazon's), and "
        "run the same command again."
    )
