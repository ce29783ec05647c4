"""`python -m deployments.lock`: make the locks anew, the checkout's and the images' own, by uv.

An image's lock has the checkout's versions, but only what the image needs.
"""

import subprocess
import tomllib

from casebook import paths
from casebook.cli import guarded
from casebook.errors import CasebookError

FLAGS = (
    "--generate-hashes",
    "--universal",
    "--python-version=3.11",
    "--no-emit-index-url",
    "--no-header",
    "--quiet",
)
WORKER = ("pyproject.toml", "--extra=cluster", "--extra=storage", "--extra=tracking")
CHECKOUT = "requirements.lock"
LOCKS = "deployments/locks"


def main() -> int:
    """Write the locks and return the exit code: 0 done, 1 failed."""
    return guarded(write)


def write() -> None:
    """Write the lock of the checkout, and those of the images from it.

    Raises
    ------
    CasebookError
        There is no uv, or it found no versions that go together.
    """
    compile_to(CHECKOUT, "pyproject.toml", "--all-extras")
    same = f"--constraints={CHECKOUT}"
    compile_to(f"{LOCKS}/serving.lock", "-", same, given="\n".join(serving()))
    cpu = 'tensorflow-cpu ; platform_machine == "x86_64"'  # half the size; there is none for Arm
    compile_to(
        f"{LOCKS}/cpu.lock", *WORKER, "-", same, f"--overrides={LOCKS}/cpu-overrides.txt", given=cpu
    )
    compile_to(f"{LOCKS}/gpu.lock", *WORKER, "-", same, given="tensorflow[and-cuda]")


def serving() -> list[str]:
    """Return the requirements of the service, as pyproject.toml has them.

    Its models may be on shared storage.
    """
    project = tomllib.loads((paths.project() / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    needed: dict[str, list[str]] = project["optional-dependencies"]
    return [*needed["serving"], *needed["storage"]]


def compile_to(lock: str, *arguments: str, given: str = "") -> None:
    """Have uv write one lock; `given` is what a source `-` stands for."""
    command = ["uv", "pip", "compile", *arguments, *FLAGS, "--output-file", lock]
    try:
        done = subprocess.run(
            command, cwd=paths.project(), input=given, capture_output=True, text=True
        )
    except FileNotFoundError:
        raise CasebookError(
            "Locks are made by uv, which is not on the PATH: install it (pip install uv)."
        ) from None
    if done.returncode:
        raise CasebookError(f"uv could not make {lock}: {done.stderr.strip()}")
    print(lock)


if __name__ == "__main__":
    raise SystemExit(main())
