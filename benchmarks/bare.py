"""The bare script that the flow is measured against: its command, and the data both read."""

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Options
from benchmarks.processes import python
from casebook import paths
from casebook.catalog import data_set
from flows.fraud import FraudParams
from samples.fraud import make_payments


def sources() -> list[str]:
    """Return the data sources to measure on.

    The sample is always one of them; the real data follows it if a mirror is set.
    """
    return ["sample", "real"] if os.environ.get("CASEBOOK_DATA_MIRROR") else ["sample"]


@contextmanager
def bare_command(source: str, options: Options) -> Iterator[list[str]]:
    """Yield the bare script's command, for the block in which its data is there.

    In a command of the user's, {file} is the data file and {folder} the folder that holds `fraud/`
    with that file.
    """
    with TemporaryDirectory() as folder:
        file = sample_file(Path(folder)) if source == "sample" else real_file()
        if options.bare is None:
            yield python(
                "-m", "benchmarks.bare_fraud", str(file), *(["3"] if options.quick else [])
            )
        else:
            fillings = {
                "{file}": str(file),
                "{folder}": str(file.parent.parent),
                "{python}": sys.executable,
            }
            yield [_filled(word, fillings) for word in shlex.split(options.bare)]


def sample_file(folder: Path) -> Path:
    """Write the flow's embedded sample in place of the real file, and return its path.

    The file has the name of the real one. The few rows without an amount, which the flow sets
    aside, are left out: not every bare script survives them.
    """
    entry = data_set("creditcard")
    path = folder / entry.folder / entry.files[-1].name
    path.parent.mkdir()
    params = FraudParams()
    make_payments(params.sample_rows, params.seed).dropna().to_parquet(path, index=False)
    return path


def real_file() -> Path:
    """Return the file that the flow takes for `--source real`.

    It comes from the cache, or else from the mirror's folder.

    Raises
    ------
    FileNotFoundError
        Neither has it.
    """
    entry = data_set("creditcard")
    for root in (paths.raw(), Path(os.environ["CASEBOOK_DATA_MIRROR"]).resolve()):
        for file in entry.files:
            if (root / entry.folder / file.name).is_file():
                return root / entry.folder / file.name
    raise FileNotFoundError(
        f"No {entry.folder}/{entry.files[0].name} or the like in CASEBOOK_DATA_MIRROR"
    )


def _filled(word: str, fillings: dict[str, str]) -> str:
    for mark, filling in fillings.items():
        word = word.replace(mark, filling)
    return word
