"""A fingerprint changes with the code that is reached, and with nothing else."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from casebook.fingerprint import fingerprint, library_versions

HELPER = "def double(x):\n    return 2 * x\n"
WORK = "from shopcase.helper import double\nRATE = 3\ndef work(x):\n    return double(x) + RATE\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    forget()


def forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "shopcase"]:
        del sys.modules[name]


def of(
    root: Path, monkeypatch: pytest.MonkeyPatch, work: str = WORK, helper: str = HELPER
) -> tuple[str, tuple[str, ...]]:
    """Write a package `shopcase` into a folder of its own and return the fingerprint of its `work`."""
    folder = root / str(len(list(root.iterdir())))
    (folder / "shopcase").mkdir(parents=True)
    for name, text in {"__init__": "", "work": work, "helper": helper}.items():
        (folder / "shopcase" / f"{name}.py").write_text(text, encoding="utf-8")
    forget()
    monkeypatch.setenv("CASEBOOK_CASES", str(folder))
    monkeypatch.syspath_prepend(folder)
    return fingerprint(importlib.import_module("shopcase.work").work)


def test_a_called_functions_code_counts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert of(root, monkeypatch) == of(root, monkeypatch)
    assert of(root, monkeypatch) != of(root, monkeypatch, helper=HELPER.replace("2", "4"))


def test_comments_docstrings_layout_and_unreached_code_do_not_count(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documented = HELPER.replace("    return", '    """Double."""\n\n    # twice\n    return') + "\ndef other(): ...\n"
    assert of(root, monkeypatch) == of(root, monkeypatch, helper=documented)


def test_constants_count(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert of(root, monkeypatch) != of(root, monkeypatch, WORK.replace("RATE = 3", "RATE = 4"))


def test_functions_imported_locally_count(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = "def work(x):\n    from shopcase.helper import double\n    return double(x)\n"
    assert of(root, monkeypatch, local) != of(root, monkeypatch, local, HELPER.replace("2", "4"))


def test_libraries_are_named_also_where_they_are_imported_locally(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, libraries = of(root, monkeypatch, "def work(x):\n    import numpy as np\n    return np.sum(x)\n")
    assert "numpy" in libraries


def test_versions_are_those_of_the_distributions() -> None:
    found = library_versions(("sklearn", "json"))
    assert list(found) == ["sklearn"]
    assert found["sklearn"][0].isdigit()


def test_tensorflow_without_gpu_code_counts_as_tensorflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tensorflow_cpu-2.21.0.dist-info").mkdir()
    (tmp_path / "tensorflow_cpu-2.21.0.dist-info" / "METADATA").write_text("Name: tensorflow-cpu\nVersion: 2.21.0\n")
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    assert library_versions(("tensorflow",)) == {"tensorflow": "2.21.0"}
