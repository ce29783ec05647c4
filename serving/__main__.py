"""`python -m serving`: answer from every model in production."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from casebook.arguments import ArgumentParser
from serving import sockets
from serving.api_key import KEY, UNSOUND, sound
from serving.logs import LEVELS, write_logs

if TYPE_CHECKING:
    from serving.service import Service

MAX_PROCESSES = 4  # processes, unless more are asked for


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; return the exit code.

    It is 0 if stopped, 1 without an address or a worker, 2 for bad arguments.
    """
    args = _parser().parse_args(arguments)
    write_logs(args.log)
    key = os.environ.get(KEY, "")
    if key and not sound(key):
        print(UNSOUND, file=sys.stderr)
        return 2
    try:
        listening = sockets.listen(args.host, args.port)
    except (OSError, ValueError) as error:
        print(_refusal(args.host, args.port, error), file=sys.stderr)
        return 1
    announce = partial(_announce, sockets.url(listening))
    if not hasattr(os, "fork"):
        from serving.single import serve_alone

        serve_alone(listening, key, announce)
        return 0
    from serving.supervisor import serve

    try:
        return serve(partial(_service, key), listening, args.processes, announce)
    except OSError as error:
        print(
            f"Cannot start: {error}. Make room, or name another folder in TMPDIR.", file=sys.stderr
        )
        return 1


def _service(key: str) -> "Service":
    """Load the models, in each process separately."""
    from serving.service import Service

    return Service(key)


def _announce(url: str, models: int) -> None:
    """Say where the service is; that nobody can hear it is no reason not to answer."""
    try:
        print(
            f"Serving {models} {'model' if models == 1 else 'models'} at {url} (Ctrl-C stops)",
            flush=True,
        )
    except OSError as error:
        logging.getLogger(__name__).warning("cannot write to standard output: %s", error)
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # else the end would try again


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(
        prog="python -m serving", description="Answer from every model in production."
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)"
    )
    parser.add_argument(
        "--port", type=_port, default=9000, help="0 takes a free one (default: %(default)s)"
    )
    parser.add_argument(
        "--log",
        choices=LEVELS,
        default="info",
        help="info logs every request (default: %(default)s)",
    )
    parser.add_argument(
        "--processes", type=_processes, default=_cores(), help="that serve (default: %(default)s)"
    )
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to 65535")
    return int(text)


def _processes(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of processes: give one from 1 to 64"
        )
    if int(text) > 1 and not hasattr(os, "fork"):
        raise argparse.ArgumentTypeError(
            "this system cannot fork, so the service is one process here: give 1"
        )
    return int(text)


def _cores() -> int:
    """Return how many processes find a core of their own, at most `MAX_PROCESSES`."""
    if not hasattr(os, "fork"):
        return 1
    return min(
        MAX_PROCESSES,
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
    )


def _refusal(host: str, port: int, error: Exception) -> str:
    return (
        f"Cannot listen on {host} port {port}: {error}. Another program, perhaps an older service, "
        "may have the port, or the host may not be this machine's: stop that program, or choose "
        "another with --port or --host."
    )


if __name__ == "__main__":
    sys.exit(main())
