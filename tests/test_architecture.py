"""The rules of the house that imports can break."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from casebook import paths
from tests.fresh_python import printed_by

# what is imported where it is needed: optional, private or loud, or it must be imported late
LOCAL = {
    "babel",  # only the reader of catalogs, a submodule of a submodule
    "catboost",
    "distributed",
    "great_expectations",  # a class three packages down
    "jax",
    "keras.src",
    "lightgbm",
    "mlflow",
    "nbformat",  # an extra
    "playwright",
    "prefect.logging",  # reads the settings of Prefect at its import
    "prefect_dask",
    "resource",  # which Windows lacks
    "tensorflow",  # after what it reads from the environment is set
    "upath",
    "uvicorn",
    "xgboost",
}
POSIX_ONLY = {"fcntl", "grp", "pwd", "resource", "termios"}
TRAINING = ("casebook", "samples", "tasks", "flows")
MAY_IMPORT = {
    "casebook": {"casebook"},
    "samples": {"casebook", "samples"},
    "tasks": {"casebook", "tasks", "serving"},
    "flows": {"casebook", "samples", "tasks", "flows"},
    "serving": {"casebook", "serving"},
    "deployments": {"casebook", "samples", "tasks", "flows", "deployments"},
}


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
    return modules


def sources(folder: str) -> list[Path]:
    return sorted((paths.project() / folder).rglob("*.py"))


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_data_flows_one_way(folder: str) -> None:
    ours = set(MAY_IMPORT)
    for path in sources(folder):
        reached = {name.split(".")[0] for name in imports(path)} & ours
        assert reached <= MAY_IMPORT[folder], path


FLOORS = (
    {"reading"},
    {"problem", "scoring"},
    {"training", "evaluation"},
    {"pages"},
    {"data", "monitoring", "notebooks", "tuning", "runs"},
    {"tables"},
    {"images", "texts", "series", "drafting"},
    {"stories"},  # chapters of one case, of any kind of input
    {"publication"},
)
ROOMS_THAT_SERVE = {
    "problem",
    "scoring",
    "tables",
    "images",
    "texts",
    "series",
    "publication",
    "monitoring",
}


def test_a_room_imports_only_from_floors_below() -> None:
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    folders = {
        path.name
        for path in (paths.project() / "tasks").iterdir()
        if (path / "__init__.py").is_file()
    }
    assert folders == floor.keys()
    for path in sources("tasks"):
        room = _room(path)
        reached = {
            name.split(".")[1] for name in at_run_time(path) if name.startswith("tasks.")
        } - {room}
        assert all(floor[other] < floor[room] for other in reached if room), path


def test_rooms_hold_all_code_of_tasks() -> None:
    assert [path.name for path in (paths.project() / "tasks").glob("*.py")] == ["__init__.py"]


def test_the_service_is_used_where_its_input_is_read_or_counted() -> None:
    assert {
        _room(path) for path in sources("tasks") if "serving" in _tops(path)
    } <= ROOMS_THAT_SERVE


def _room(path: Path) -> str:
    parts = path.relative_to(paths.project() / "tasks").parts
    return parts[0] if len(parts) > 1 else ""


def at_run_time(path: Path) -> set[str]:
    """Return the modules that a file imports when it runs, also inside functions.

    Imports from a package include the names that are modules.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.If)
            and isinstance(node.test, ast.Name)
            and node.test.id == "TYPE_CHECKING"
        ):
            node.body = []
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return modules


def test_no_import_goes_in_a_circle() -> None:
    file_paths = {
        ".".join(p.relative_to(paths.project()).with_suffix("").parts): p
        for f in MAY_IMPORT
        for p in sources(f)
    }
    needs = {
        name: at_run_time(path) & file_paths.keys() - {name} for name, path in file_paths.items()
    }
    # else a CycleError that names the circle
    assert len(list(TopologicalSorter(needs).static_order())) == len(file_paths)


# words that fit everything and say nothing
EMPTY_WORDS = {"told", "asked", "found", "each", "known", "most", "made", "ran"}


def bound(path: Path) -> Iterator[str]:
    """Yield every name that a file binds: variables, parameters, functions, classes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.arg(arg=name) | ast.alias(asname=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name


@pytest.mark.parametrize("folder", [*MAY_IMPORT, "benchmarks", "tests"])
def test_names_say_something(folder: str) -> None:
    for path in sources(folder):
        assert not {name.strip("_") for name in bound(path)} & EMPTY_WORDS, path


def from_the_root(path: Path) -> str:
    return path.relative_to(paths.project()).as_posix()


def imports_in_functions(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    for function in functions:
        for node in ast.walk(function):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or ""


@pytest.mark.parametrize(
    "path", [path for folder in TRAINING for path in sources(folder)], ids=from_the_root
)
def test_imports_stand_at_the_top(path: Path) -> None:
    local = {".".join(name.split(".")[:2]) for name in imports_in_functions(path)}
    assert {name for name in local if not {name, name.split(".")[0]} & LOCAL} == set()


@pytest.mark.parametrize(
    "path", [path for folder in TRAINING for path in sources(folder)], ids=from_the_root
)
def test_no_module_needs_what_windows_lacks(path: Path) -> None:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    at_the_top = {
        alias.name for node in body if isinstance(node, ast.Import) for alias in node.names
    }
    assert at_the_top.isdisjoint(POSIX_ONLY)


def test_importing_all_our_modules_loads_no_heavy_library() -> None:
    names = [
        from_the_root(path).removesuffix(".py").replace("/", ".")
        for folder in TRAINING
        for path in sources(folder)
        if path.name not in ("__init__.py", "__main__.py")
    ]
    code = (
        "import importlib, sys\nfrom casebook import lazy\n"
        f"for name in {names}: importlib.import_module(name)\n"
        "heavy = {*lazy.HEAVY, 'tensorflow', 'mlflow', 'prefect_dask', 'distributed'}\n"
        "print(sorted(name for name in heavy if lazy.is_loaded(name)))"
    )
    assert printed_by(code) == "[]\n"


@pytest.mark.parametrize(
    ("library", "owners"),
    [
        ("great_expectations", {"validate.py"}),
        ("tensorflow", {"device.py", "fold_epochs.py"}),
        ("mlflow", {"track.py"}),
        ("upath", {"remote.py"}),
    ],
)
def test_a_library_with_traps_has_few_owners(library: str, owners: set[str]) -> None:
    users = {
        p.name for f in ("casebook", "tasks", "flows") for p in sources(f) if library in _tops(p)
    }
    assert users == owners


def _tops(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def test_the_list_of_cases_needs_no_heavy_import() -> None:
    code = (
        "import runpy, sys; runpy.run_module('flows', run_name='__main__'); "
        "print(sorted(sys.modules))"
    )
    printed = printed_by(code)
    assert "fraud" in printed
    assert not [name for name in ("numpy", "pydantic") if f"'{name}'" in printed]
