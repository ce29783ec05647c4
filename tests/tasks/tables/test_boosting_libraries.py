"""Boosting libraries are baselines of the full profile, where they are installed."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from casebook.errors import CasebookError
from casebook.fingerprint import fingerprint, library_versions
from flows.flowers import FlowersParams
from flows.mnist import MnistParams
from tasks.tables import boosting_libraries
from tasks.tables.baselines import fit_baselines
from tasks.tables.boosting_libraries import boosting_model
from tasks.tables.parameters import TableParams


def test_the_full_profile_compares_with_every_library_that_is_installed() -> None:
    assert set(boosting_libraries.installed()) <= set(boosting_libraries.CLASSES)
    full = TableParams(profile="full", peers=("dummy", "lightgbm")).baselines
    assert full == ("dummy", "lightgbm", "xgboost", "catboost")
    assert TableParams(profile="standard", peers=("dummy",)).baselines == ("dummy",)
    assert TableParams(profile="full", peers=()).baselines == ()


def test_a_library_that_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boosting_libraries, "find_spec", lambda name: None)
    assert TableParams(profile="full", peers=("dummy",)).baselines == ("dummy",)
    with pytest.raises(ValidationError, match=r"leave out lightgbm.*casebook\[boosting\]"):
        TableParams(peers=("dummy", "lightgbm"))


def test_a_library_that_cannot_be_loaded_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(name: str) -> Any:
        raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr(boosting_libraries, "_library", broken)
    with pytest.raises(
        CasebookError,
        match=r"lightgbm is installed but can't be loaded.*libgomp1.*pip uninstall lightgbm",
    ):
        boosting_model("lightgbm", 5, 0, {}, classes=True)


@pytest.mark.parametrize("name", boosting_libraries.CLASSES)
def test_several_classes_are_learnt_and_a_seed_fixes_them(name: Any) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(150, 3)), rng.integers(0, 3, 150).astype("float64")
    x[:, 0] += 4 * y
    first, second = (
        boosting_model(name, 30, 7, {}, classes=True).fit(x, y).predict_proba(x) for _ in range(2)
    )
    assert np.array_equal(first, second)
    assert (first.argmax(axis=1) == y).mean() > 0.9


def test_a_new_version_of_a_library_fits_the_baselines_anew() -> None:
    libraries = fingerprint(fit_baselines.fn)[1]
    assert set(boosting_libraries.CLASSES) <= library_versions(libraries).keys()


def test_pictures_and_flowers_refuse_a_missing_library_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boosting_libraries, "find_spec", lambda name: None)
    for model in (MnistParams, FlowersParams):
        with pytest.raises(ValidationError, match="leave out xgboost"):
            model(peers=("dummy", "xgboost"))
