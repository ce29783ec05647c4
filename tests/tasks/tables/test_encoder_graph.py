"""Any scikit-learn step is fitted, counted and exported as a graph that matches it.

Otherwise it is refused with an explanation.
"""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from numpy import typing as npt
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

from casebook.errors import CasebookError
from casebook.store import Ref
from casebook.tables import read_arrays, read_table
from tasks.problem.definition import Problem
from tasks.tables.encoder_graph import encoder_graph
from tasks.tables.features import features
from tasks.tables.fitting import fit_on
from tasks.tables.served_features import feeds

FOLDS = KFold(5, shuffle=True, random_state=0)
NUMBERS = ["year", "length", "rate"]
FULL = {
    "standard": StandardScaler(),
    "robust": RobustScaler(),
    "minmax": MinMaxScaler(),
    "clipped": MinMaxScaler(clip=True),
    "maxabs": MaxAbsScaler(),
    "power": PowerTransformer(),
    "power-unscaled": PowerTransformer(standardize=False),
    "box-cox": PowerTransformer("box-cox"),
    "bins": KBinsDiscretizer(5),
    "bins-dense": KBinsDiscretizer(5, encode="onehot-dense"),
    "bins-ordinal": KBinsDiscretizer(5, encode="ordinal", strategy="uniform"),
    "quantiles": QuantileTransformer(n_quantiles=100),
    "normalizer": Normalizer(),
    "polynomial": PolynomialFeatures(2),
    "scaled-polynomial": make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False)),
    "binarizer": Binarizer(threshold=40.0),
    "union": make_union(StandardScaler(), MinMaxScaler()),
    "passthrough": "passthrough",
}
GAPS = {
    "imputed": SimpleImputer(),
    "imputed-flagged": SimpleImputer(add_indicator=True),
    "imputed-constant": SimpleImputer(strategy="constant", fill_value=-1),
    "imputed-scaled": make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True), StandardScaler()
    ),
    "scaled-imputed": make_pipeline(StandardScaler(), SimpleImputer()),
    "imputed-bins": make_pipeline(SimpleImputer(), KBinsDiscretizer(4)),
    "imputed-union": make_pipeline(
        SimpleImputer(), make_union(RobustScaler(), KBinsDiscretizer(4))
    ),
}
KINDS = {
    "one-hot": OneHotEncoder(),
    "one-hot-unknown": OneHotEncoder(handle_unknown="ignore"),
    "one-hot-drop": OneHotEncoder(drop="first"),
    "ordinal": OrdinalEncoder(),
    "ordinal-unknown": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    "filled-one-hot": make_pipeline(
        SimpleImputer(missing_values="", strategy="most_frequent"), OneHotEncoder()
    ),
}
UNWRITABLE = {
    "spline": SplineTransformer(),
    "quantiles-normal": QuantileTransformer(n_quantiles=100, output_distribution="normal"),
    "function": FunctionTransformer(np.log1p),
}


def table(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "year": rng.integers(2005, 2012, rows).astype("float64"),
            "length": (40 + rng.normal(0, 5, rows)).round(1),
            "rate": rng.exponential(3, rows) + 0.1,
            "kind": rng.choice(["a", "b", ""], rows).astype(object),
            "code": rng.integers(1, 4, rows).astype("float64"),
        }
    )


def targets(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return a target of three classes, which the year and the kind decide in part."""
    kinds = frame["kind"].map({"a": 0, "b": 1, "": 2}).to_numpy("float64")
    return np.where(frame["year"] < 2009, kinds, 1.0)


def with_gaps() -> pd.DataFrame:
    frame = table()
    frame.loc[:20, ["year", "length"]] = np.nan
    return frame


def gap(step: Any, columns: list[str], frame: pd.DataFrame) -> float:
    """Return the largest difference between the graph and the fitted step on unseen rows.

    A difference is relative to one plus the absolute expected value.
    """
    unfitted = ColumnTransformer([("step", step, columns)])
    y = targets(frame.iloc[:200]) if "kind" in frame else None
    encoder = fit_on(unfitted, frame[columns].iloc[:200], y).encoder
    expected = encoder.transform(frame[columns].iloc[200:])
    expected = np.asarray(expected.todense() if hasattr(expected, "todense") else expected)
    graph = encoder_graph(encoder, frame[columns], frame[columns].iloc[:200], ())
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    actual = session.run(None, feeds(frame[columns].iloc[200:]))[0]
    assert actual.dtype == np.float32
    return float(np.max(np.abs(actual - expected) / (1.0 + np.abs(expected))))


@pytest.mark.parametrize("name", FULL)
def test_a_step_of_numbers_is_the_same_in_the_graph(name: str) -> None:
    # a year's power overflows
    columns = NUMBERS if name not in ("box-cox", "power-unscaled") else NUMBERS[1:]
    assert gap(FULL[name], columns, table()) < 1e-5


@pytest.mark.parametrize("name", GAPS)
def test_a_step_that_fills_gaps_is_the_same_in_the_graph(name: str) -> None:
    assert gap(GAPS[name], NUMBERS, with_gaps()) < 5e-5


@pytest.mark.parametrize(
    "columns", [["kind"], ["code"], ["kind", "code", "year"]], ids=["text", "number", "both"]
)
@pytest.mark.parametrize("name", [name for name in KINDS if name != "filled-one-hot"])
def test_a_step_of_kinds_is_the_same_in_the_graph(name: str, columns: list[str]) -> None:
    assert gap(KINDS[name], columns, table()) == 0.0


@pytest.mark.parametrize("columns", [["kind"], ["kind", "maker"], ["code"]], ids=" ".join)
@pytest.mark.parametrize("target_type", ["multiclass", "continuous"])
def test_target_means_are_the_same_in_the_graph(target_type: str, columns: list[str]) -> None:
    frame = table()
    frame["maker"] = [f"maker {row // 5}" for row in range(len(frame))]  # of the last none is known
    step = make_pipeline(TargetEncoder(target_type=target_type, cv=FOLDS), StandardScaler())
    assert gap(step, columns, frame) < 1e-6


def test_means_of_a_target_far_from_zero_are_the_same_in_the_graph() -> None:
    frame = table()
    encoder = make_pipeline(TargetEncoder(target_type="continuous", cv=FOLDS), StandardScaler())
    step = ColumnTransformer([("step", encoder, ["kind"])])
    fitted = fit_on(step, frame[["kind"]], 1e6 + 1e-2 * targets(frame)).encoder
    graph = encoder_graph(fitted, frame[["kind"]], frame[["kind"]], ())
    assert graph.opset_import


def test_missing_text_is_filled_alike_in_the_graph() -> None:
    assert gap(KINDS["filled-one-hot"], ["kind"], table()) == 0.0


def test_years_are_scaled_to_the_seventh_digit() -> None:
    frame = pd.DataFrame({"year": np.tile([2007.0, 2008.0, 2009.0], 100)})
    assert gap(StandardScaler(), ["year"], frame) < 2e-7


@pytest.mark.parametrize("name", UNWRITABLE)
def test_a_step_that_no_graph_can_have_is_refused_with_its_name_and_others(name: str) -> None:
    with pytest.raises(
        CasebookError, match=r"step 'step' .*can't be written as one: .*Use StandardScaler, Robust"
    ):
        gap(UNWRITABLE[name], NUMBERS, table())


def test_a_step_whose_graph_answers_otherwise_is_refused() -> None:
    with pytest.raises(
        CasebookError, match=r"step 'step' .*KNNImputer of year, length, rate.* differ by"
    ):
        gap(KNNImputer(), NUMBERS, with_gaps())


AWKWARD = [
    "probability",
    "label",
    "prediction",
    "features",
    "answer",
    "mean radius",
    "a.b",
    "a-b",
    "a_b",
    "a b",
    "1stFlrSF",
    "Größe",
    "면적",
    "encoder/column0",
    "network/features",
    "_encoder/x",
    "x/day",
    "{}",
    "it's",
]


def test_columns_may_be_called_anything() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(300, len(AWKWARD))), columns=AWKWARD)
    assert gap(StandardScaler(), AWKWARD, frame) < 1e-6


class Leaky(ColumnTransformer):  # type: ignore[misc]
    """Fits on more rows than it is given."""

    def fit(self, frame: pd.DataFrame, y: Any = None) -> Self:
        super().fit(pd.concat([frame, frame.head(5)]))
        return self


def test_an_encoder_that_fits_in_its_own_way_is_refused_also_where_no_step_counts_rows() -> None:
    with pytest.raises(CasebookError, match="Leaky, which fits in a way of its own"):
        fit_on(Leaky([("step", RobustScaler(), ["rate"])]), table()[["rate"]])


@pytest.mark.parametrize("scaler", [StandardScaler(), RobustScaler()], ids=["counting", "silent"])
def test_a_step_that_was_fitted_before_is_refused(scaler: Any) -> None:
    frame = table()
    fitted = FrozenEstimator(scaler.fit(frame[["rate"]]))
    with pytest.raises(CasebookError, match="was fitted before"):
        fit_on(ColumnTransformer([("step", fitted, ["rate"])]), frame[["rate"]].head(100))


class Wider(StandardScaler):  # type: ignore[misc]
    """Fits on more rows than it is given."""

    def fit(self, x: Any, y: Any = None) -> Self:
        super().fit(np.concatenate([x, x[:3]]))
        return self


def test_a_step_inside_a_pipeline_that_saw_other_rows_is_refused() -> None:
    with pytest.raises(CasebookError, match="fitted on 303 rows, but the training part has 300"):
        fit_on(
            ColumnTransformer([("step", make_pipeline(MaxAbsScaler(), Wider()), ["rate"])]),
            numbers_only(),
        )


def numbers_only() -> pd.DataFrame:
    return table()[["rate"]].set_axis(["rate"], axis=1)


PROBLEM = Problem(
    problem_type="regression", target="price", primary_metric="rmse", metrics=("rmse",)
)


def parts_of(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(1)
    whole = frame.drop(columns="kind").assign(price=rng.normal(size=len(frame)))
    return {"train": whole.iloc[:200], "validation": whole.iloc[200:250], "test": whole.iloc[250:]}


def scaled(columns: list[str]) -> ColumnTransformer:
    return ColumnTransformer([("scale", StandardScaler(), ["year", "length", "rate"])])


def test_a_gap_that_nothing_fills_is_refused_with_column_and_rows(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    frame = table()
    frame.loc[[3, 17], "length"] = np.nan
    with pytest.raises(
        CasebookError, match=r"in 2 of 200 rows of the train part: length \(first in rows 3, 17\)"
    ):
        keep(features.fn, keep_tables(**parts_of(frame)), PROBLEM, (), scaled)


def test_an_infinite_feature_is_refused_in_whatever_part(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    parts = parts_of(table())
    parts["test"] = parts["test"].assign(rate=1e300)
    with pytest.raises(CasebookError, match="of the test part: rate"):
        keep(features.fn, keep_tables(**parts), PROBLEM, (), scaled)


def unknown_column(columns: list[str]) -> ColumnTransformer:
    return ColumnTransformer([("scale", StandardScaler(), ["height"])])


def bare(columns: list[str]) -> Any:
    return StandardScaler()


def one_name(columns: list[str]) -> ColumnTransformer:
    return ColumnTransformer([("scale", StandardScaler(), "year")])


def no_gaps(columns: list[str]) -> ColumnTransformer:
    return ColumnTransformer([("bins", KBinsDiscretizer(3), ["length"])])


@pytest.mark.parametrize(
    ("encoder", "words"),
    [
        (unknown_column, "takes height, but the columns are year"),
        (bare, "StandardScaler, but it must be a ColumnTransformer"),
        (one_name, "step 'scale' .* give it a list"),
        (no_gaps, r"can't be fitted .*Columns with gaps: length \(1 rows\)"),
    ],
    ids=["unknown", "bare", "name", "gaps"],
)
def test_an_encoder_that_can_t_be_used_is_refused(
    encoder: Any, words: str, keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    frame = table()
    frame.loc[3, "length"] = np.nan
    with pytest.raises(CasebookError, match=words):
        keep(features.fn, keep_tables(**parts_of(frame)), PROBLEM, (), encoder)


def test_numbers_that_32_bits_tell_apart_coarsely_are_trained_on_as_they_are_served(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    parts = parts_of(table())
    rng = np.random.default_rng(2)
    parts = {
        name: part.assign(length=-73.98 + rng.normal(0, 0.03, len(part)))
        for name, part in parts.items()
    }
    ref = keep(features.fn, keep_tables(**parts), PROBLEM, (), scaled)
    session = onnxruntime.InferenceSession(
        ref.path("features.onnx"), providers=["CPUExecutionProvider"]
    )
    raw = feeds(read_table(keep_tables(**parts), "test")[ref.facts["raw_columns"]])
    assert np.abs(session.run(None, raw)[0] - read_arrays(ref, "test")["x"]).max() < 1e-6


def test_numbers_that_32_bits_do_not_tell_apart_are_refused(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    parts = parts_of(table())
    rng = np.random.default_rng(2)
    parts = {
        name: part.assign(length=1.6e12 + rng.normal(0, 1e5, len(part)))
        for name, part in parts.items()
    }
    with pytest.raises(
        CasebookError, match=r"length has values around 1.6e\+12 .*Subtract a round number"
    ):
        keep(features.fn, keep_tables(**parts), PROBLEM, (), scaled)
