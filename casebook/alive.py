"""Lock files that tell whether the process that made something still lives.

A process id says nothing to another container or machine, and it is given again. A lock of the
operating system ends with its process, however that ends, and is seen wherever the folder is.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a lock file inside the block, and remove it afterwards; a killed process leaves it free.

    Its folder must be there.
    """
    with filelock.FileLock(path, thread_local=False):
        try:
            yield
        finally:
            remove(path)


@contextmanager
def taken(path: Path) -> Iterator[bool]:
    """Hold the lock file of a process that is gone.

    Yield False where a process that holds it is alive, or may be.
    """
    lock = filelock.FileLock(path, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except (filelock.Timeout, PermissionError):  # the file of another user says nothing to us
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def lives(path: Path) -> bool:
    """Say whether a process holds a lock file."""
    if not path.is_file():
        return False
    with taken(path) as free:
        return not free


def remove(path: Path) -> None:
    """Remove a lock file that we hold."""
    with suppress(PermissionError):  # Windows removes no open file, but does so when the lock ends
        path.unlink(missing_ok=True)
