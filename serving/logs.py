"""The service's log: a JSON object per line on standard error, for people and log collectors."""

import logging
import sys
import time

LEVELS = ("info", "warning", "error")
FIELDS = "{asctime}{levelname}{name}{message}"


def write_logs(level: str) -> None:
    """Write what happens from `level` on, in UTC; `info` has a line per request."""
    from pythonjsonlogger.json import JsonFormatter

    names = {"asctime": "time", "levelname": "level", "name": "logger"}
    formatter = JsonFormatter(FIELDS, style="{", rename_fields=names, json_ensure_ascii=False)
    formatter.default_msec_format = "%s.%03dZ"
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # a client that went is no news
