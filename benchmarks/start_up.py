"""Start-up: how long the commands take that train nothing, beside a script that imports pandas."""

import sys
from collections.abc import Iterator
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure, Options, ratio
from benchmarks.timing import timed

COMMANDS = {
    "the list of cases": ("-m", "flows"),
    "--help of a case": ("-m", "flows.fraud", "--help"),
    "--plan of a case": ("-m", "flows.fraud", "--plan", "--source", "sample"),
}
PANDAS = (sys.executable, "-c", "import pandas")


def measure_start_up(options: Options) -> Iterator[Figure]:
    """Time each command, and `import pandas` after it, under the same load."""
    for name, arguments in COMMANDS.items():
        seconds, pandas = [], []
        for _ in range(options.repeats):
            with TemporaryDirectory() as folder:
                seconds.append(timed((sys.executable, *arguments), {"CASEBOOK_ARTIFACTS": folder}))
            pandas.append(timed(PANDAS, {}))
        yield Figure("start-up", name, "s", tuple(seconds))
        yield ratio("start-up", f"{name} over a bare import of pandas", seconds, pandas)
