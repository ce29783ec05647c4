"""Hash a stage's code: its function and all project code that it reaches.

That code is every project function, class and constant.

Prefect's own source policy hashes one function and misses the ones it calls, so a fix in a called
function would go unnoticed. What changes no result does not count: docstrings, annotations of
functions, comments, layout, the folder of the checkout, and the decorators of `casebook` itself
with all that they reach.
"""

import ast
import hashlib
import importlib
import inspect
import json
import os
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel

from casebook import paths

WITHOUT_GPU = ("tensorflow", "xgboost")  # have a distribution of another name
DISTRIBUTIONS = {"sklearn": "scikit-learn", "imblearn": "imbalanced-learn", "PIL": "pillow"}


@cache
def fingerprint(function: Callable[..., object] | type) -> tuple[str, tuple[str, ...]]:
    """Return the hash of all project code that `function` reaches, and the libraries it imports.

    Parameters
    ----------
    function
        A function or class defined in a project file; stages and other wrappers are seen through.

    Returns
    -------
    The SHA-256 in hexadecimal, and the sorted names of imported top-level packages outside the
    standard library.
    """
    pieces, libraries = _reached(function)
    text = json.dumps(sorted(pieces.items()))
    return hashlib.sha256(text.encode()).hexdigest(), tuple(sorted(libraries))


def reaches(function: Callable[..., object] | type, other: Callable[..., object]) -> bool:
    """Return whether the project code that `function` reaches contains another project function."""
    module = inspect.getmodule(other)
    return (
        module is not None
        and f"code of {_place(module, other.__qualname__)}" in _reached(function)[0]
    )


@cache
def _reached(function: Callable[..., object] | type) -> tuple[dict[str, str], set[str]]:
    pieces: dict[str, str] = {}
    libraries: set[str] = set()
    _follow(function, "", pieces, libraries)
    return pieces, libraries


def library_versions(libraries: tuple[str, ...]) -> dict[str, str]:
    """Return the installed version of each library; `keras` brings its back end along."""
    names = {
        *libraries,
        *({os.environ.get("KERAS_BACKEND", "tensorflow")} if "keras" in libraries else ()),
    }
    versions = {}
    for name in sorted(names):
        try:
            versions[name] = installed(name)
        except PackageNotFoundError:
            continue  # part of the standard library
    return versions


def installed(library: str) -> str:
    """Return the version of an installed library.

    TensorFlow and XGBoost may be installed as their smaller builds without GPU code.

    Raises
    ------
    PackageNotFoundError
        It is not installed, or belongs to Python.
    """
    name = DISTRIBUTIONS.get(library, library)
    try:
        return version(name)
    except PackageNotFoundError:
        if name not in WITHOUT_GPU:
            raise
        return version(f"{name}-cpu")


def _follow(thing: object, where: str, pieces: dict[str, str], libraries: set[str]) -> None:
    """Add the object at place `where` to `pieces`, and follow the project code that it names."""
    thing = inspect.unwrap(thing) if callable(thing) else thing
    if isinstance(thing, ModuleType):
        libraries.update({thing.__name__.split(".")[0]} if not _ours(thing) else ())
    elif inspect.isfunction(thing) or inspect.isclass(thing):
        pieces[where] = thing.__qualname__
        _follow_code(thing, pieces, libraries)
    elif isinstance(thing, (str, int, float, bool, bytes, type(None), frozenset)):
        pieces[where] = (
            repr(thing) if not isinstance(thing, frozenset) else repr(sorted(map(repr, thing)))
        )
    else:
        for name, part in _inside(thing):
            _follow(part, f"{where}{name}", pieces, libraries)


def _inside(thing: object) -> Iterator[tuple[str, object]]:
    """Yield the parts of a container or of a project's own value, each with its place in it."""
    if isinstance(thing, dict):
        yield from ((f"[{key!r}]", value) for key, value in thing.items())
    elif isinstance(thing, (tuple, list)):
        yield from ((f"[{i}]", value) for i, value in enumerate(thing))
    elif is_dataclass(thing) or isinstance(thing, BaseModel):
        yield ".__class__", type(thing)
        yield from ((f".{name}", value) for name, value in vars(thing).items())


def _follow_code(
    thing: Callable[..., object] | type, pieces: dict[str, str], libraries: set[str]
) -> None:
    """Hash one function or class of the project, once, and follow the names in it."""
    module = inspect.getmodule(thing)
    if module is None or not _ours(module):
        libraries.update({thing.__module__.split(".")[0]} if thing.__module__ else ())
        return
    name = f"code of {_place(module, thing.__qualname__)}"
    if name in pieces:
        return
    tree = _WithoutRemarks().visit(ast.parse(textwrap.dedent(inspect.getsource(thing))))
    _drop_own_decorators(tree, module)
    pieces[name] = ast.dump(tree)
    for place, reached in _names(tree, module):
        _follow(reached, place, pieces, libraries)


def _names(tree: ast.AST, module: ModuleType) -> Iterator[tuple[str, object]]:
    """Yield every module-level object that the code names, with its place.

    The names are globals, attributes and local imports.
    """
    scope = vars(module)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in scope and not _is_dunder(node.id):
            yield _place(module, node.id), scope[node.id]
        elif isinstance(node, ast.Attribute):
            owner = _module_named(node.value, module)
            if owner is not None:
                yield _place(owner, node.attr), getattr(owner, node.attr, None)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from _imported(node)


def _module_named(node: ast.expr, module: ModuleType) -> ModuleType | None:
    """Return the module of the project that an expression such as `package.module` means, if any.

    An attribute of a library is not looked up, because an import may take seconds.
    """
    if isinstance(node, ast.Name):
        named = vars(module).get(node.id)
    elif isinstance(node, ast.Attribute):
        named = getattr(_module_named(node.value, module), node.attr, None)
    else:
        named = None
    return named if isinstance(named, ModuleType) and _ours(named) else None


def _place(module: ModuleType, name: str) -> str:
    """Return where a name is defined.

    The place is the file below its root, as a module is `__main__` or a loader's in some runs.
    """
    file = Path(str(module.__file__)).resolve()
    root = next(root for root in paths.roots() if file.is_relative_to(root))
    return f"{file.relative_to(root).as_posix()}:{name}"


def _is_dunder(name: str) -> bool:
    """Return whether Python sets a name, such as `__file__`.

    Such a name tells where a module is and not what it does.
    """
    return name.startswith("__") and name.endswith("__")


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, object]]:
    """Yield what a local import brings in.

    A library is named, not imported, because an import may take seconds.
    """
    names = (
        [alias.name for alias in node.names]
        if isinstance(node, ast.Import)
        else [node.module or ""]
    )
    for name in names:
        top = name.split(".")[0]
        if not any((root / top).is_dir() for root in paths.roots()):
            yield name, ModuleType(top)
        elif isinstance(node, ast.ImportFrom):
            module = importlib.import_module(name)
            yield from (
                (_place(module, alias.name), _member(module, alias.name)) for alias in node.names
            )


def _member(module: ModuleType, name: str) -> object:
    """Return a module's attribute, or its submodule of that name."""
    return (
        getattr(module, name)
        if hasattr(module, name)
        else importlib.import_module(f"{module.__name__}.{name}")
    )


def _ours(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    if not file or "site-packages" in file:
        return False
    return any(Path(file).is_relative_to(root) for root in paths.roots())


def _drop_own_decorators(tree: ast.Module, module: ModuleType) -> None:
    """Remove decorators such as `stage`.

    They define how and where a function runs, not what it returns.
    """
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            node.decorator_list = [
                decorator for decorator in node.decorator_list if not _is_own(decorator, module)
            ]


def _is_own(decorator: ast.expr, module: ModuleType) -> bool:
    """Tell whether a decorator is one of `casebook`."""
    name = decorator.func if isinstance(decorator, ast.Call) else decorator
    while isinstance(name, ast.Attribute):
        name = name.value
    used = vars(module).get(name.id) if isinstance(name, ast.Name) else None
    defined_in = (
        used.__name__ if isinstance(used, ModuleType) else getattr(used, "__module__", None)
    )
    return (defined_in or "").split(".")[0] == "casebook"


class _WithoutRemarks(ast.NodeTransformer):
    """Remove what changes no result: docstrings, and the annotations of functions.

    The annotations of a class stay, as they define a dataclass or a pydantic model.
    """

    def __init__(self) -> None:
        self.in_function = False

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Remove the docstring."""
        return self._body(node, in_function=False)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Remove the docstring and the annotation of the result."""
        node.returns = None
        return self._body(node, in_function=True)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """Remove the docstring and the annotation of the result."""
        node.returns = None
        return self._body(node, in_function=True)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """Remove the annotation of a parameter."""
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Remove the annotation of a local variable."""
        if self.in_function:
            node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def _body(
        self, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, in_function: bool
    ) -> ast.AST:
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        outside, self.in_function = self.in_function, in_function
        self.generic_visit(node)
        self.in_function = outside
        return node
