"""`python -m benchmarks`: measure, print a table, and keep all values in benchmarks/results/."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NoReturn

from benchmarks.cluster import measure_cluster
from benchmarks.fairness import measure_fairness
from benchmarks.figures import Figure, Options, show, show_head, write
from benchmarks.flow import measure_flow, measure_rerun, measure_size
from benchmarks.folds import measure_folds
from benchmarks.models import measure_models
from benchmarks.pictures import measure_pictures
from benchmarks.processes import Failed
from benchmarks.profiles import measure_profile
from benchmarks.reviews import measure_reviews
from benchmarks.scoring import measure_parts, measure_scoring
from benchmarks.serving import measure_serving
from benchmarks.siege import measure_siege
from benchmarks.start_up import measure_start_up
from benchmarks.storm import measure_storm
from benchmarks.tricks import measure_tricks
from benchmarks.wsgi_servers import measure_servers
from casebook import paths
from casebook.arguments import ArgumentParser

MEASURES: Mapping[str, Callable[[Options], Iterator[Figure]]] = {
    "startup": measure_start_up,
    "flow": measure_flow,
    "rerun": measure_rerun,
    "size": measure_size,
    "folds": measure_folds,
    "profile": measure_profile,
    "pictures": measure_pictures,
    "reviews": measure_reviews,
    "tricks": measure_tricks,
    "serving": measure_serving,
    "models": measure_models,
    "servers": measure_servers,
    "fairness": measure_fairness,
    "storm": measure_storm,
    "siege": measure_siege,
    "scoring": measure_scoring,
    "parts": measure_parts,
    "cluster": measure_cluster,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the requested sections and return the exit code.

    The code is 0 if all is done, 1 if a measured process failed, and 2 for bad arguments.
    """
    args = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, stop)
    options = Options(repeats=1 if args.quick else args.repeats, quick=args.quick, bare=args.bare)
    figures: list[Figure] = []
    show_head()
    try:
        for name in args.sections or MEASURES:
            for figure in MEASURES[name](options):
                figures.append(figure)
                show(figure)
    except (Failed, FileNotFoundError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(
        write(paths.project() / "benchmarks" / "results", options, figures).relative_to(
            paths.project()
        )
    )
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    command_line = ArgumentParser(
        prog="python -m benchmarks", description="Measure how fast Casebook is."
    )
    command_line.add_argument(
        "sections",
        nargs="*",
        type=section,
        metavar="SECTION",
        help=f"{', '.join(MEASURES)}; none: all",
    )
    command_line.add_argument(
        "--repeats", type=count, default=3, help="runs of each kind, but one of size (default: 3)"
    )
    command_line.add_argument(
        "--bare",
        metavar="COMMAND",
        help="other bare script; {python}, {file}, {folder} are filled in",
    )
    command_line.add_argument(
        "--quick", action="store_true", help="only see that it all works; the figures mean nothing"
    )
    return command_line


def section(text: str) -> str:
    """Return the name of a section, or refuse it."""
    if text not in MEASURES:
        raise argparse.ArgumentTypeError(f"{text!r} is no section: there are {', '.join(MEASURES)}")
    return text


def count(text: str) -> int:
    """Return a number of runs, or refuse it."""
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of runs: give 1 or more")
    return int(text)


def stop(*_: object) -> NoReturn:
    """End by an exception, so that servers are stopped and temporary folders removed."""
    raise SystemExit(1)


if __name__ == "__main__":
    sys.exit(main())
