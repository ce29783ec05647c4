"""Run code in a Python that has imported nothing yet."""

import subprocess
import sys

from casebook import paths


def printed_by(code: str, *flags: str) -> str:
    """Return what a program prints that is run from the checkout by Python with these flags.

    Raises
    ------
    AssertionError
        It failed.
    """
    command = [sys.executable, *flags, "-c", code]
    done = subprocess.run(command, cwd=paths.project(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
