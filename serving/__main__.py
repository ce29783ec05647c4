"""`python -m serving`: answer from every model in production."""

import argparse
import logging
import sys
from collections.abc import Sequence

from casebook import places


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop and return the exit code: 0 stopped, 1 the address cannot be had, 2 bad arguments."""
    asked = _parser().parse_args(arguments)
    from serving.app import create_app
    from serving.listen import Server
    from serving.registry import Registry

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a short queue is how a busy server looks
    models = Registry(places.models())
    models.look()
    try:
        server = Server(create_app(models), asked.host, asked.port)
    except (OSError, ValueError) as error:
        print(_refusal(asked.host, asked.port, error), file=sys.stderr)
        return 1
    models.watch()
    print(f"Serving {len(models.serving)} models at {server.url} (Ctrl-C stops)", flush=True)
    server.run()
    models.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m serving", description="Answer from every model in production.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=9000, help="0 takes a free one (default: %(default)s)")
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to 65535")
    return int(text)


def _refusal(host: str, port: int, error: Exception) -> str:
    return (
        f"Cannot listen on {host} port {port}: {error}. Another program, perhaps an older service, may have the "
        f"port, or the host may not be this machine's: stop that program, or choose another with --port or --host."
    )


if __name__ == "__main__":
    sys.exit(main())
