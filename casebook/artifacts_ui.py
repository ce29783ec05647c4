"""Show a flow run's log lines and outcome in the Prefect UI, wherever it was started.

`CASEBOOK_REPORTS` is the address at which the folder of all runs is served, if it is: reports are
links then.
"""

import logging
import os
import re

from prefect import artifacts

from casebook import paths


def log_lines() -> None:
    """Pass our own log lines on to the run's log.

    A worker's process passes on nothing below a warning unless it is configured to.
    """
    logging.getLogger("casebook").setLevel(logging.INFO)


def show(key: str, text: str) -> None:
    """Keep a text as an artifact of the flow run.

    Its first line is the description, each further one a paragraph.
    """
    lines = linked(text).splitlines()
    artifacts.create_markdown_artifact(
        "\n\n".join(lines[1:] or lines), key=key.replace("_", "-"), description=lines[0]
    )


def linked(text: str) -> str:
    """Return a text with the paths of pages in it as addresses, where there are such."""
    base, runs = os.environ.get("CASEBOOK_REPORTS", "").rstrip("/"), str(paths.runs(""))
    if not base:
        return text
    return re.sub(
        rf"{re.escape(runs)}(\S+)", lambda match: base + match[1].replace(os.sep, "/"), text
    )
