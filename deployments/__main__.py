"""Run the whole stand, register deployments, or write and check the file that lists them.

The command is `python -m deployments`.
"""

from collections.abc import Callable

from casebook.arguments import ArgumentParser
from casebook.cli import guarded


def main() -> int:
    """Run the requested command and return the exit code: 0 done, 1 failed, 2 bad arguments."""
    parser = ArgumentParser(prog="python -m deployments", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    ui = commands.add_parser(
        "ui", help="a Prefect server with its UI, every deployment and a worker, until Ctrl-C"
    )
    ui.add_argument(
        "--port",
        type=int,
        default=4200,
        help="of the UI; reports are at the next one (default: 4200)",
    )
    commands.add_parser(
        "register", help="bring work pools and deployments to the server in PREFECT_API_URL"
    )
    commands.add_parser("write", help="write prefect.yaml from the flows")
    commands.add_parser("check", help="say whether prefect.yaml lacks a flow or is out of date")
    arguments = parser.parse_args()
    return guarded(lambda: run(arguments.command, getattr(arguments, "port", 0)))


def run(command: str, port: int) -> None:
    """Run one of the commands."""
    from deployments import listing, register, stand

    if command == "ui":
        stand.stand(port)
        return
    actions: dict[str, Callable[[], str]] = {
        "register": register.register,
        "write": listing.write,
        "check": listing.check,
    }
    print(actions[command]())


if __name__ == "__main__":
    raise SystemExit(main())
