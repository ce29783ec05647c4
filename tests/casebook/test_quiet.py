"""What native code prints is kept off the terminal where it is noise, and nothing of ours."""

import os
import subprocess
import sys

import pytest

from casebook import paths

CODE = """
import os, sys
from casebook.quiet import native_messages_dropped, separate_stderr

{start}
with native_messages_dropped():
    os.write(2, b"built with oneDNN\\n")
    print("ours", file=sys.stderr)
os.write(2, b"a fault\\n")
"""


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("separate_stderr()", ["ours", "a fault"]),
        ("", ["built with oneDNN", "ours", "a fault"]),
        ("sys.stderr = None", ["built with oneDNN", "a fault"]),
    ],
    ids=["command", "debug", "without stderr"],
)
def test_only_what_native_code_prints_inside_the_block_is_dropped(
    start: str, expected: list[str]
) -> None:
    command = [sys.executable, "-c", CODE.format(start=start)]
    done = subprocess.run(command, cwd=paths.project(), capture_output=True, text=True)
    assert (done.returncode, done.stderr.splitlines()) == (0, expected)


def test_a_run_prints_our_lines_alone() -> None:
    code = "from casebook.cli import speak; from casebook.worker_process import load;"
    code += "speak(debug=False); load(('tensorflow',))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=paths.project(), capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_messages_keep_the_encoding_that_the_user_chose() -> None:
    code = "import sys; from casebook.quiet import separate_stderr; separate_stderr();"
    code += "print('가', file=sys.stderr)"
    environment = os.environ | {"PYTHONIOENCODING": "cp949", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=paths.project(), env=environment, capture_output=True
    )
    assert done.stderr == "가\n".encode("cp949")


def test_a_reader_that_leaves_is_no_fault() -> None:
    code = (
        "import os, sys; from casebook.cli import guarded\n"
        "sys.exit(guarded(lambda: [print('x' * 999) for _ in range(999)]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=paths.project(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout and process.stderr
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(60) == 1
    assert process.stderr.read() == b""
    process.stderr.close()
