"""`python -m casebook.prefect_server PORT [ui]`.

A local Prefect server that ends with the process that started it.
"""

import os
import sys
import threading

BARE = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
}  # no pages, and no schedules to keep


def main(port: int, *, bare: bool) -> None:
    """Serve Prefect's API on the loopback address until standard input ends or a signal comes."""
    import uvicorn

    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ |= {"PREFECT__SERVER_FINAL": "1", **(BARE if bare else {})}
    app = "prefect.server.api.server:create_app"
    uvicorn.run(app, factory=True, host="127.0.0.1", port=port, log_level="critical", lifespan="on")


def end_with_parent() -> None:
    """Wait for the end of standard input, then exit.

    It is a pipe, which closes even when the parent is killed.
    """
    while os.read(0, 1):  # not by sys.stdin: Python can't end while a thread holds that
        pass
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), bare="ui" not in sys.argv)
