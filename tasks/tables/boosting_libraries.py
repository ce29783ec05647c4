"""Boosting libraries: LightGBM, XGBoost and CatBoost as baselines, where they are installed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Literal, TypeVar, get_args

from casebook.errors import CasebookError

BoostingLibrary = Literal["lightgbm", "xgboost", "catboost"]
Names = TypeVar("Names", bound=tuple[str, ...])
CLASSES: Mapping[str, tuple[str, str]] = {  # that predict a class, and a number
    "lightgbm": ("LGBMClassifier", "LGBMRegressor"),
    "xgboost": ("XGBClassifier", "XGBRegressor"),
    "catboost": ("CatBoostClassifier", "CatBoostRegressor"),
}
# One thread, as the other core has work of its own; no lines on the terminal, no files.
QUIET: Mapping[str, Mapping[str, Any]] = {
    "lightgbm": {"n_jobs": 1, "verbosity": -1, "deterministic": True, "force_row_wise": True},
    "xgboost": {"n_jobs": 1, "verbosity": 0},
    "catboost": {"thread_count": 1, "verbose": False, "allow_writing_files": False},
}
USUAL: Mapping[str, Any] = {"learning_rate": 0.05}


def installed() -> tuple[BoostingLibrary, ...]:
    """Return the libraries that are installed."""
    return tuple(name for name in get_args(BoostingLibrary) if find_spec(name))


def all_installed(names: Names) -> Names:
    """Return names of baselines, of which none is a library that is not installed.

    Raises
    ------
    ValueError
        One is missing.
    """
    missing = [name for name in get_args(BoostingLibrary) if name in names and not find_spec(name)]
    if missing:
        raise ValueError(
            f"should leave out {', '.join(missing)}, which is not installed here, or "
            'pip install "casebook[boosting]" should come first'
        )
    return names


def boosting_model(
    name: BoostingLibrary, steps: int, seed: int, settings: Mapping[str, Any], *, classes: bool
) -> Any:
    """Return an unfitted model of so many trees, with the library's own other settings.

    Raises
    ------
    CasebookError
        The library can't be loaded.
    """
    try:
        library = _library(name)
    except (ImportError, OSError, ValueError) as error:  # the last is XGBoost's own
        raise CasebookError(
            f"{name} is installed but can't be loaded ({error}). Install what it needs (LightGBM: "
            f"libgomp1), or uninstall it: pip uninstall {name}. The full profile takes every "
            "boosting library that is installed, others those that --peers names."
        ) from error
    kind = getattr(library, CLASSES[name][0 if classes else 1])
    return kind(n_estimators=steps, random_state=seed, **QUIET[name], **{**USUAL, **settings})


def _library(name: BoostingLibrary) -> Any:
    """Import a library; each is written out, so that its version is part of a stage's key."""
    match name:
        case "lightgbm":
            import lightgbm

            return lightgbm
        case "xgboost":
            import xgboost

            return xgboost
        case "catboost":
            import catboost

            return catboost
