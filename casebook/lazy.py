"""Import heavy libraries when something of them is first used.

A module of ours imports at its top what it needs, as everybody writes it. A library in `HEAVY` then
costs nothing until one of its names is read, so that `--help` and `--plan` need not wait for
TensorFlow. Python's own `importlib.util.LazyLoader` gives the idea. It is not used, because it
loads a package as soon as a submodule is imported, and has no lock before Python 3.12.

What a module needs at once, such as a base class or a decorator, is loaded at once as before.
"""

import importlib
import sys
from collections.abc import Collection, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from threading import RLock
from types import ModuleType
from typing import Any

HEAVY = (
    "babel",
    "filelock",
    "great_expectations",
    "imblearn",
    "jinja2",
    "keras",
    "matplotlib",
    "numpy",
    "onnx",
    "onnxruntime",
    "openpyxl",
    "optuna",
    "pandas",
    "PIL",
    "pooch",
    "prefect",
    "psutil",
    "pyarrow",
    "requests",
    "scipy",
    "seaborn",
    "skl2onnx",
    "sklearn",
    "threadpoolctl",
    "tqdm",
    "wordcloud",
)
# their parts import each other, and can be imported in one order only: that of the library
IN_ORDER = ("great_expectations",)


class LazyModule(ModuleType):
    """A module whose file is run when a name is missing for the first time."""

    def __getattr__(self, name: str) -> Any:
        """Run the module's file, unless that has been done, and return what it defines.

        A submodule is imported without running the package, and no special name runs it but
        `__version__`: Python's own `inspect` and `warnings` look for such names in all modules.
        """
        loader = _lazy_loader(self)
        if loader is None or _is_special(name):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if not loader.begun and _is_submodule(self, name):
            return importlib.import_module(f"{self.__name__}.{name}")
        loader.run(self)
        return ModuleType.__getattribute__(self, name)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the module by its name, as cloudpickle does with others."""
        return importlib.import_module, (self.__name__,)


class _LazyLoader(Loader):
    """Put off what another loader does with a module."""

    def __init__(self, loader: SourceFileLoader) -> None:
        self.loader = loader
        self.lock = RLock()  # one for each module, so that two that wait for each other are rare
        self.begun = False

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module that stands for the real one, and becomes it."""
        spec.loader_state = self
        return LazyModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing yet; the module has the loader that reads its file and its data."""
        module.__loader__ = self.loader
        if module.__spec__:
            module.__spec__.loader = self.loader

    def run(self, module: ModuleType) -> None:
        """Run the file of the module, once; other threads wait for the one that does."""
        with self.lock:
            if not self.begun:
                _run_package_of(module.__name__)  # which may run this one too
            if self.begun:
                return
            self.begun = True
            try:
                self.loader.exec_module(module)
            except BaseException:
                self.begun = False
                raise
            module.__class__ = ModuleType


class _PresentLoader(Loader):
    """Give back a module that its package imported while the module was looked for.

    Python would run the file of such a module a second time, by the spec that the module has.
    """

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.spec = module.__spec__
        module.__spec__ = ModuleSpec(module.__name__, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec again."""
        module.__spec__ = self.spec


class LazyFinder(MetaPathFinder):
    """Find heavy libraries, and their submodules as long as nothing of a library is used."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec that puts the module off, or None where Python's other finders decide."""
        package = sys.modules.get(fullname.rpartition(".")[0])
        if target is not None or (package is None and fullname not in self.names):
            return None
        if package is not None and not is_put_off(package):
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is None or not _may_wait(fullname) or type(spec.loader) is not SourceFileLoader:
            return _after_its_package(fullname)
        spec.loader = _LazyLoader(spec.loader)
        return spec


def install() -> None:
    """Put heavy libraries off from now on, in this process."""
    if not any(isinstance(finder, LazyFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, LazyFinder(HEAVY))


def load(name: str) -> None:
    """Import a module and run its file at once."""
    _run(importlib.import_module(name))


def is_put_off(module: ModuleType) -> bool:
    """Return whether a module is imported while its file has not been run."""
    loader = _lazy_loader(module)
    return loader is not None and not loader.begun


def is_loaded(name: str) -> bool:
    """Return whether a library is imported and its file has been run."""
    return name in sys.modules and not is_put_off(sys.modules[name])


def _lazy_loader(module: ModuleType) -> _LazyLoader | None:
    """Return what puts a module off, or None if the module was run, or was never put off."""
    spec = module.__spec__ if isinstance(module, LazyModule) else None
    return spec.loader_state if spec and isinstance(spec.loader_state, _LazyLoader) else None


def _run(module: ModuleType) -> None:
    loader = _lazy_loader(module)
    if loader is not None:
        loader.run(module)


def _is_special(name: str) -> bool:
    return name.startswith("__") and name != "__version__"


def _is_submodule(module: ModuleType, name: str) -> bool:
    path = getattr(module, "__path__", None)
    if path is None:
        return False
    return PathFinder.find_spec(f"{module.__name__}.{name}", path) is not None


def _may_wait(name: str) -> bool:
    """Return whether a library or its submodule may be put off: private and deep ones may not."""
    if name.partition(".")[0] in IN_ORDER:
        return "." not in name
    return name.count(".") < 2 and "._" not in name


def _run_package_of(name: str) -> None:
    """Run the packages around a module, as its own file counts on them."""
    package = sys.modules.get(name.rpartition(".")[0])
    if package is not None and is_put_off(package):
        _run(package)


def _after_its_package(name: str) -> ModuleSpec | None:
    """Run the package of a module, which may import the module, and find it then."""
    _run_package_of(name)
    module = sys.modules.get(name)
    return _PresentLoader(module).module.__spec__ if module is not None else None
