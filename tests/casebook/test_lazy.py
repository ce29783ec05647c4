"""A heavy library is imported at the top of a module, and run when something of it is used."""

import importlib
import pickle
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import FileFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from casebook import lazy
from tests.fresh_python import printed_by

FILES = {
    "__init__.py": "from shelf import log\nlog.append('shop')\nfrom shop.goods import apple\n",
    "goods.py": "from shelf import log\nlog.append('goods')\napple = 1\n",
    "till.py": "from shelf import log\nlog.append('till')\nprice = 2\n",
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Write a package that notes in `shelf.log` which of its files were run."""
    (tmp_path / "shelf.py").write_text("log = []\n", encoding="utf-8")
    for name, text in FILES.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "meta_path", [lazy.LazyFinder(("shop",)), *sys.meta_path])
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] in ("shop", "shelf")]:
        del sys.modules[name]


def log() -> list[str]:
    return list(importlib.import_module("shelf").log)


def submodule(name: str) -> ModuleType:
    """Import as `from shop import <name>` does."""
    package = importlib.import_module("shop")
    module: ModuleType = getattr(package, name)
    return module


@pytest.mark.usefixtures("shop")
def test_nothing_is_run_before_a_name_is_read() -> None:
    shop = importlib.import_module("shop")
    assert lazy.is_put_off(shop)
    assert log() == []
    assert shop.apple == 1
    assert not lazy.is_put_off(shop)
    assert log() == ["shop", "goods"]


@pytest.mark.usefixtures("shop")
def test_a_submodule_is_put_off_as_well_and_runs_after_its_package() -> None:
    till = submodule("till")
    assert "shop.till" not in sys.modules
    assert log() == []
    assert till.price == 2
    assert log() == ["shop", "goods", "till"]


@pytest.mark.usefixtures("shop")
def test_no_file_is_run_twice() -> None:
    early = submodule("goods")
    goods = importlib.import_module("shop.goods")  # the library imports it while it is looked for
    assert log() == ["shop", "goods"]
    assert early.apple == goods.apple == 1
    assert importlib.import_module("shop").goods is goods is sys.modules["shop.goods"]
    assert goods.__spec__ is not None
    assert str(goods.__spec__.origin).endswith("goods.py")


def test_a_submodule_of_a_submodule_waits_for_the_library(shop: Path) -> None:
    (shop / "shop" / "deep").mkdir()
    (shop / "shop" / "deep" / "__init__.py").write_text("import shelf\nshelf.log.append('deep')\n")
    (shop / "shop" / "deep" / "well.py").write_text("from shop import apple as water\n")
    importlib.import_module("shop")
    assert importlib.import_module("shop.deep.well").water == 1
    assert log() == ["shop", "goods", "deep"]


@pytest.mark.usefixtures("shop")
def test_special_names_run_nothing() -> None:
    shop = importlib.import_module("shop")
    assert not hasattr(shop, "__warningregistry__")
    assert not hasattr(shop, "_mock_name")
    assert not hasattr(shop.till, "_mock_name")
    assert shop.__file__
    assert lazy.is_put_off(shop)


def test_a_library_is_put_off_whose_files_another_loader_reads(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `beartype.claw`, which a library of Prefect's installs."""

    class Checked(SourceFileLoader):
        pass

    hook = FileFinder.path_hook((Checked, [".py"]))
    monkeypatch.setattr(sys, "path_hooks", [hook, *sys.path_hooks])
    sys.path_importer_cache.pop(str(shop), None)
    package = importlib.import_module("shop")
    assert lazy.is_put_off(package)
    assert package.apple == 1


@pytest.mark.usefixtures("shop")
def test_a_missing_name_is_an_attribute_error() -> None:
    shop = importlib.import_module("shop")
    with pytest.raises(AttributeError, match="pear"):
        _ = shop.pear
    with pytest.raises(ImportError, match="pear"):
        exec("from shop import pear", {})


def test_what_fails_is_tried_again(shop: Path) -> None:
    (shop / "shop" / "__init__.py").write_text("import shelf\nshelf.log[0]\npear = 3\n")
    package = importlib.import_module("shop")
    with pytest.raises(IndexError):
        _ = package.pear
    importlib.import_module("shelf").log.append("filled")
    assert package.pear == 3


def test_threads_wait_for_the_one_that_runs_the_file(shop: Path) -> None:
    slow = "import time\nfrom shelf import log\nlog.append('shop')\ntime.sleep(0.2)\npear = 3\n"
    (shop / "shop" / "__init__.py").write_text(slow)
    package = importlib.import_module("shop")
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: package.pear, range(8))) == [3] * 8
    assert log() == ["shop"]


def restored(module: ModuleType) -> object:
    """Do with a module what reading its pickle does."""
    make, arguments = module.__reduce__()
    return make(*arguments)


@pytest.mark.usefixtures("shop")
def test_a_module_is_pickled_by_its_name() -> None:
    shop = importlib.import_module("shop")
    assert pickle.dumps(shop)
    assert restored(shop) is shop
    assert lazy.is_put_off(shop)
    assert restored(shop.till) is sys.modules["shop.till"]


@pytest.mark.usefixtures("shop")
def test_load_runs_the_file() -> None:
    lazy.load("shop")
    assert log() == ["shop", "goods"]


def test_every_library_can_be_used_after_all_were_put_off() -> None:
    """In a process of its own: the order of first uses is another than that of imports."""
    program = f"""
        import importlib, sys
        import casebook
        from casebook import lazy

        modules = [importlib.import_module(name) for name in {sorted(lazy.HEAVY)!r}]
        assert all(lazy.is_put_off(module) for module in modules)
        for module in reversed(modules):
            lazy.load(module.__name__)
        import keras, numpy, onnx, pandas
        from sklearn import linear_model
        assert linear_model.LogisticRegression().fit([[0.0], [1.0]], [0, 1]).classes_.size == 2
        assert float(keras.ops.sum(numpy.ones(3))) == 3
        assert not [name for name in {sorted(lazy.HEAVY)!r} if lazy.is_put_off(sys.modules[name])]
    """
    text = "\n".join(line[8:] for line in program.splitlines())
    printed_by(text)


def test_a_submodule_of_great_expectations_can_be_the_first_that_is_used() -> None:
    code = (
        "import casebook\nimport great_expectations as gx\n"
        "from great_expectations.data_context.types.base import ProgressBarsConfig\n"
        "print(gx.ExpectationSuite.__name__)"
    )
    assert printed_by(code) == "ExpectationSuite\n"
