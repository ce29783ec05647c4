"""Trouble: whatever a library raises of a file from outside, in one place and in one paragraph."""

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree.ElementTree import ParseError

import pyarrow as pa

from casebook.errors import CasebookError
from tasks.reading.encoding import encoding_problem

WORDS = {"text": "CSV", "parquet": "parquet", "spreadsheet": "a spreadsheet (xlsx)"}
UNPACKING = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)
SHEETS = (KeyError, ValueError, TypeError, AttributeError, IndexError, SyntaxError, ParseError)


@contextmanager
def met(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever opening or reading a file raises into an error that names it.

    Raises
    ------
    CasebookError
        The file can't be read: it is cut short, damaged, of another format or of another encoding.
    """
    raised = (*UNPACKING, pa.ArrowException, *(SHEETS if kind == "spreadsheet" else ()))
    try:
        yield
    except CasebookError:
        raise
    except UnicodeDecodeError as error:
        raise CasebookError(
            f"{path} can't be read as {WORDS[kind]}: {encoding_problem(error.object)}"
        ) from error
    except raised as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise CasebookError(
            f"{path} can't be read as {WORDS[kind]}: {reason[0].rstrip('.')}. It may be cut short, "
            "damaged or of another format. Get it again, or name another file."
        ) from error
