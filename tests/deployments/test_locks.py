"""An image's lock has what the checkout's has: no version, and no hash, that was not tested."""

import re
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement

from casebook import paths

LOCKS = ("serving", "cpu", "gpu")
ONLY = {"serving": set[str](), "cpu": {"tensorflow-cpu"}, "gpu": set[str]()}


def pins(path: str) -> dict[tuple[str, str], frozenset[str]]:
    """Hashes by name and version."""
    text = (paths.project() / path).read_text(encoding="utf-8")
    matches = re.findall(
        r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+).*\\\n((?:    --hash=.*\n)+)", text, flags=re.MULTILINE
    )
    return {
        (name, version): frozenset(re.findall(r"sha256:\w{64}", hashes))
        for name, version, hashes in matches
    }


def names(lock: str) -> set[str]:
    return {name for name, _ in pins(f"deployments/locks/{lock}.lock")}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_is_the_checkouts(lock: str) -> None:
    checkout = pins("requirements.lock")
    for pin, hashes in pins(f"deployments/locks/{lock}.lock").items():
        if pin[0] not in ONLY[lock] and not (lock == "gpu" and pin[0].startswith("nvidia-")):
            assert checkout[pin] == hashes, pin


def test_the_service_gets_what_it_needs_and_nothing_that_learns() -> None:
    project = tomllib.loads((paths.project() / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    needed = project["optional-dependencies"]
    required = {Requirement(text).name for text in (*needed["serving"], *needed["storage"])}
    assert required <= names("serving")
    assert not {
        "tensorflow",
        "tensorflow-cpu",
        "keras",
        "prefect",
        "scikit-learn",
        "pandas",
    } & names("serving")


def test_a_worker_gets_all_but_what_is_for_developing() -> None:
    for lock in ("cpu", "gpu"):
        assert {
            "tensorflow",
            "prefect",
            "prefect-dask",
            "s3fs",
            "mlflow-skinny",
            "asyncpg",
        } <= names(lock)
        assert not {"pytest", "playwright", "moto", "mypy", "ruff"} & names(lock)
    assert "nvidia-cudnn-cu12" in names("gpu") - names("cpu")


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    assert "://" not in (paths.project() / "deployments" / "locks" / f"{lock}.lock").read_text(
        encoding="utf-8"
    )


def test_what_is_installed_without_asking_for_more_lacks_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
