"""Import heavy libraries when something of them is first used.

A module of ours imports at its top what it needs, as everybody writes it. A library in `HEAVY` then
costs nothing until one of its names is read, so that `--help` and `--plan` need not wait for
TensorFlow. A submodule is put off where it is written `from sklearn import metrics`; `import
sklearn.metrics` loads the library at once, as does a name that is no module.

Python's own `importlib.util.LazyLoader` gives the idea. It is not used because it has no lock
before Python 3.12, and runs some submodules twice.
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
PROBED = ("_mock_name",)  # pytest looks for it in every global of a test module


class LazyPackage(ModuleType):
    """A library whose file is run when a name is missing for the first time."""

    def __getattr__(self, name: str) -> Any:
        """Run the file, unless that has been done, and return what it defines.

        A submodule is put off as well. No special name but `__version__` runs the file: Python's
        own `inspect` and `warnings` look for such names in all modules, and pytest for another.
        """
        loader = _lazy_loader(self)
        if loader is None or _is_special(name):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if not loader.begun and _has_submodule(self, name):
            return LazySubmodule(f"{self.__name__}.{name}")
        loader.run(self)
        return ModuleType.__getattribute__(self, name)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the library by its name, as cloudpickle does with others."""
        return importlib.import_module, (self.__name__,)


class LazySubmodule(ModuleType):
    """A stand-in for a submodule, which is imported when one of its names is read."""

    def __getattr__(self, name: str) -> Any:
        """Import the submodule and return what it defines."""
        if _is_special(name):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(self.__name__), name)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the submodule by its name."""
        return importlib.import_module, (self.__name__,)


class _LazyLoader(Loader):
    """Put off what another loader does with a library."""

    def __init__(self, loader: SourceFileLoader) -> None:
        self.loader = loader
        self.lock = RLock()  # one for each library, so that two that wait for each other are rare
        self.begun = False

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module that stands for the library, and becomes it."""
        spec.loader_state = self
        return LazyPackage(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing yet; the module has the loader that reads its file and its data."""
        module.__loader__ = self.loader
        if module.__spec__:
            module.__spec__.loader = self.loader

    def run(self, module: ModuleType) -> None:
        """Run the file of the library, once; other threads wait for the one that does."""
        with self.lock:
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
    """Give back a submodule that its library imported while the submodule was looked for.

    Python would run the file of such a module a second time, by the spec that the module has.
    """

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec again."""
        module.__spec__ = self.spec


class LazyFinder(MetaPathFinder):
    """Find libraries that are put off; who imports a submodule of one has it run first."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec that puts a library off, or None where Python's other finders decide."""
        library, _, submodule = fullname.partition(".")
        if library not in self.names or target is not None:
            return None
        if submodule:
            return _after_its_library(fullname, sys.modules[library])
        spec = PathFinder.find_spec(fullname, path)
        if spec is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        spec.loader = _LazyLoader(spec.loader)
        return spec


def install() -> None:
    """Put heavy libraries off from now on, in this process."""
    if not any(isinstance(finder, LazyFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, LazyFinder(HEAVY))


def load(name: str) -> None:
    """Import a library and run its file at once."""
    _run(importlib.import_module(name))


def is_loaded(name: str) -> bool:
    """Return whether a library is imported and its file has been run."""
    return name in sys.modules and not is_put_off(sys.modules[name])


def is_put_off(module: ModuleType) -> bool:
    """Return whether a library is imported while its file has not been run."""
    loader = _lazy_loader(module)
    return loader is not None and not loader.begun


def _lazy_loader(module: ModuleType) -> _LazyLoader | None:
    """Return what puts a library off, or None if it was run, or was never put off."""
    spec = module.__spec__ if isinstance(module, LazyPackage) else None
    return spec.loader_state if spec and isinstance(spec.loader_state, _LazyLoader) else None


def _run(module: ModuleType) -> None:
    loader = _lazy_loader(module)
    if loader is not None:
        loader.run(module)


def _is_special(name: str) -> bool:
    return name in PROBED or (name.startswith("__") and name != "__version__")


def _has_submodule(package: ModuleType, name: str) -> bool:
    path = getattr(package, "__path__", None)
    return bool(path) and PathFinder.find_spec(f"{package.__name__}.{name}", path) is not None


def _after_its_library(name: str, library: ModuleType) -> ModuleSpec | None:
    """Run the library of a submodule, which may import the submodule, and find it then."""
    if not is_put_off(library):
        return None
    _run(library)
    module = sys.modules.get(name)
    if module is None:
        return None
    loader = _PresentLoader(module)
    module.__spec__ = ModuleSpec(name, loader)
    return module.__spec__
