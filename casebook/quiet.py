"""Quiet: what native libraries print at their import stays off the terminal.

TensorFlow logs how it was built, and that it found no GPU, before any level of logging can be set.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

STDERR = 2  # the descriptor that native code writes to


def separate_stderr() -> None:
    """Give Python's own messages a descriptor of their own, so that native ones can be dropped."""
    stream = sys.stderr
    if stream is sys.__stderr__ and stream is not None and _is_standard(stream):
        encoding = stream.encoding  # which PYTHONIOENCODING may name
        sys.stderr = os.fdopen(os.dup(STDERR), "w", 1, encoding, "backslashreplace")


@contextmanager
def native_messages_dropped() -> Iterator[None]:
    """Drop what native code writes to stderr inside the block.

    Nothing is dropped before `separate_stderr`, which `--debug` leaves out.
    """
    if _is_standard(sys.stderr):
        yield
        return
    kept = os.dup(STDERR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDERR)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, STDERR)
        os.close(kept)


def _is_standard(stream: object) -> bool:
    """Tell whether a stream writes to the descriptor of native code, or to none."""
    try:
        return int(stream.fileno()) == STDERR  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return True
