"""A fingerprint changes with the code that is reached, and with nothing else."""

import importlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

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
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    work: str = WORK,
    helper: str = HELPER,
    more: Mapping[str, str] = MappingProxyType({}),
) -> tuple[str, tuple[str, ...]]:
    """Write a package `shopcase` into a new folder, and return the fingerprint of its `work`."""
    folder = root / str(len(list(root.iterdir())))
    for name, text in {"__init__.py": "", "work.py": work, "helper.py": helper, **more}.items():
        path = folder / "shopcase" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
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
    documented = (
        HELPER.replace("    return", '    """Double."""\n\n    # twice\n    return')
        + "\ndef other(): ...\n"
    )
    assert of(root, monkeypatch) == of(root, monkeypatch, helper=documented)


def test_annotations_of_functions_do_not_count_and_those_of_classes_do(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = "class Price: ...\n"
    second = "class Price:\n    tax = 1\n"
    annotated = "def double(x: Price) -> Price:\n    y: Price = 2 * x\n    return y\n"
    field = "class Rate:\n    x: {}\ndef double(x):\n    return Rate\n"
    assert of(root, monkeypatch, helper=first + annotated) == of(
        root, monkeypatch, helper=second + annotated
    )
    assert of(root, monkeypatch, helper=field.format("int")) != of(
        root, monkeypatch, helper=field.format("float")
    )


def test_constants_count(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert of(root, monkeypatch) != of(root, monkeypatch, WORK.replace("RATE = 3", "RATE = 4"))


def test_functions_imported_locally_count(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = "def work(x):\n    from shopcase.helper import double\n    return double(x)\n"
    assert of(root, monkeypatch, local) != of(root, monkeypatch, local, HELPER.replace("2", "4"))


def test_the_folder_of_the_checkout_does_not_count(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = "from pathlib import Path\ndef work():\n    return Path(__file__).parent\n"
    assert of(root, monkeypatch, work) == of(root, monkeypatch, work)


def test_files_of_one_name_in_two_packages_are_told_apart(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = "def step(x):\n    return x + {}\n"
    work = (
        "from shopcase import helper, images\n"
        "def work(x):\n    return helper.step(x), images.helper.step(x)\n"
    )
    images = "from shopcase.images import helper\n"

    def with_steps(table: int, picture: int) -> tuple[str, tuple[str, ...]]:
        more = {"images/__init__.py": images, "images/helper.py": step.format(picture)}
        return of(root, monkeypatch, work, step.format(table), more)

    assert with_steps(1, 2) == with_steps(1, 2)
    assert len({with_steps(1, 2), with_steps(1, 3), with_steps(3, 2), with_steps(2, 1)}) == 4


def test_our_own_decorators_do_not_count_and_others_do(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = (
        "from functools import lru_cache\nfrom casebook.stage import stage\n"
        "def work(x):\n    return x\n"
    )
    plain = of(root, monkeypatch, work)
    assert of(root, monkeypatch, work.replace("def", "@stage\ndef")) == plain
    assert of(root, monkeypatch, work.replace("def", "@lru_cache\ndef"))[0] != plain[0]


def test_libraries_are_named_also_where_they_are_imported_locally(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, libraries = of(
        root, monkeypatch, "def work(x):\n    import numpy as np\n    return np.sum(x)\n"
    )
    assert "numpy" in libraries


def test_versions_are_those_of_the_distributions() -> None:
    versions = library_versions(("sklearn", "json"))
    assert list(versions) == ["sklearn"]
    assert versions["sklearn"][0].isdigit()


def test_tensorflow_without_gpu_code_counts_as_tensorflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tensorflow_cpu-2.21.0.dist-info").mkdir()
    (tmp_path / "tensorflow_cpu-2.21.0.dist-info" / "METADATA").write_text(
        "Name: tensorflow-cpu\nVersion: 2.21.0\n"
    )
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    assert library_versions(("tensorflow",)) == {"tensorflow": "2.21.0"}
