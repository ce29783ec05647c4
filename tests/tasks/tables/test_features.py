"""Features are fitted on the training part alone, and their ONNX form is what was fitted."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

from casebook.errors import CasebookError
from casebook.store import Ref
from casebook.tables import read_arrays, read_table
from tasks.data.derive import HourOfDay, Log, Missing
from tasks.problem.definition import Problem
from tasks.tables.features import bins, features, fold_features, numbers, one_hot
from tasks.tables.served_features import feeds
from tasks.tables.split import split, split_repeatedly

PROBLEM = Problem(problem_type="binary", target="sold", primary_metric="auprc", metrics=("auprc",))
DERIVED = (HourOfDay("Time", "hour"), Log("Amount", "log_amount"))


RAW = ("Time", "Amount")


def scaled(columns: list[str]) -> ColumnTransformer:
    numbers = [name for name in columns if name not in (*RAW, "kind")]
    return ColumnTransformer(
        [("scale", StandardScaler(), numbers)], verbose_feature_names_out=False
    )


def scaled_and_coded(columns: list[str]) -> ColumnTransformer:
    numbers = [name for name in columns if name not in (*RAW, "kind")]
    coded = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer([("scale", StandardScaler(), numbers), ("code", coded, ["kind"])])


class Leaky(StandardScaler):  # type: ignore[misc]
    """Fits on more rows than it is given."""

    def fit(self, frame: pd.DataFrame, y: Any = None) -> Self:
        super().fit(pd.concat([frame, frame.head(5)]))
        return self


def leaky(columns: list[str]) -> ColumnTransformer:
    numeric = [name for name in columns if name != "kind"]
    return ColumnTransformer([("scale", Leaky(), numeric)])


@pytest.fixture
def parts(keep: Callable[..., Ref], keep_tables: Callable[..., Ref], sales: pd.DataFrame) -> Ref:
    rng = np.random.default_rng(0)
    frame = sales.assign(
        Time=rng.integers(0, 172_800, len(sales)).astype("float64"),
        Amount=rng.exponential(50, len(sales)).round(2),
        kind=pd.Series(rng.choice(["new", "used"], len(sales)), dtype="string"),
    )
    return keep(split.fn, keep_tables(table=frame), "sold", 0, 0)


def in_onnx(ref: Ref, raw: pd.DataFrame) -> Any:
    raw = raw[ref.facts["raw_columns"]]
    session = onnxruntime.InferenceSession(
        ref.path("features.onnx"), providers=["CPUExecutionProvider"]
    )
    return session.run(None, feeds(raw))[0]


def test_the_training_part_alone_has_mean_zero_and_deviation_one(
    keep: Callable[..., Ref], parts: Ref
) -> None:
    ref = keep(features.fn, parts, PROBLEM, DERIVED, scaled)
    train, test = read_arrays(ref, "train"), read_arrays(ref, "test")
    assert train["x"].shape == (128, 4)
    assert train["x"].dtype == train["y"].dtype == np.float32
    assert train["x"].mean(axis=0) == pytest.approx(np.zeros(4), abs=1e-5)
    assert train["x"].std(axis=0) == pytest.approx(np.ones(4), abs=1e-5)
    assert np.abs(test["x"].mean(axis=0)).max() > 0.01
    assert ref.facts == {"features": 4, "raw_columns": ["a", "b", "Time", "Amount"], "leaks": []}


def test_the_graph_gives_what_was_trained_on_from_raw_columns(
    keep: Callable[..., Ref], parts: Ref
) -> None:
    ref = keep(features.fn, parts, PROBLEM, DERIVED, scaled_and_coded)
    for name in ("train", "validation", "test"):
        raw = read_table(parts, name).drop(columns="sold")
        assert in_onnx(ref, raw) == pytest.approx(read_arrays(ref, name)["x"], abs=1e-4)
        assert read_arrays(ref, name)["y"].tolist() == read_table(parts, name)["sold"].to_list()


def test_text_never_seen_in_training_is_coded_as_none_of_those_seen(
    keep: Callable[..., Ref], parts: Ref
) -> None:
    ref = keep(features.fn, parts, PROBLEM, DERIVED, scaled_and_coded)
    strange = read_table(parts, "test").drop(columns="sold").head(1).assign(kind="broken")
    assert in_onnx(ref, strange)[0, -2:].tolist() == [0.0, 0.0]


def test_one_changed_test_row_changes_no_training_feature(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref], parts: Ref
) -> None:
    tables = {name: read_table(parts, name) for name in ("train", "validation", "test")}
    tables["test"].loc[0, "a"] = 1e6
    before = keep(features.fn, parts, PROBLEM, DERIVED, scaled_and_coded)
    after = keep(features.fn, keep_tables(**tables), PROBLEM, DERIVED, scaled_and_coded)
    assert np.array_equal(read_arrays(before, "train")["x"], read_arrays(after, "train")["x"])
    assert not np.array_equal(read_arrays(before, "test")["x"], read_arrays(after, "test")["x"])


def test_an_encoder_fitted_on_other_rows_is_refused(keep: Callable[..., Ref], parts: Ref) -> None:
    with pytest.raises(CasebookError, match="fitted on 133 rows, but the training part has 128"):
        keep(features.fn, parts, PROBLEM, DERIVED, leaky)


def test_a_column_that_is_the_label_is_refused(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref], parts: Ref
) -> None:
    tables = {name: read_table(parts, name) for name in ("train", "validation", "test")}
    noise = np.random.default_rng(0).normal(size=128)
    leaking = {name: t.assign(a=t["sold"] * 100 + noise[: len(t)]) for name, t in tables.items()}
    with pytest.raises(CasebookError, match=r"decide sold.*a \(ROC AUC 1.0000"):
        keep(features.fn, keep_tables(**leaking), PROBLEM, DERIVED, scaled)


def texts(columns: list[str]) -> ColumnTransformer:
    coded = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return ColumnTransformer(
        [("number", numbers, ["a"]), ("flag", "passthrough", ["no_a"]), ("code", coded, ["kind"])]
    )


def test_missing_numbers_and_texts_are_encoded_alike_in_the_graph(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref], parts: Ref
) -> None:
    tables = {name: read_table(parts, name) for name in ("train", "validation", "test")}
    for table in tables.values():
        table.loc[table.index[:5], "a"] = np.nan
        table.loc[table.index[3:8], "kind"] = pd.NA
    ref = keep(features.fn, keep_tables(**tables), PROBLEM, (Missing("a", "no_a"),), texts)
    assert ref.facts["raw_columns"] == ["a", "kind"]
    raw = tables["test"].assign(kind=tables["test"]["kind"].fillna("").astype(object))
    assert in_onnx(ref, raw) == pytest.approx(read_arrays(ref, "test")["x"], abs=1e-4)


def test_every_fold_is_fitted_on_its_own_training_part(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref], sales: pd.DataFrame
) -> None:
    parts = keep(split_repeatedly.fn, keep_tables(table=sales), PROBLEM, 3, 0)
    ref = keep(fold_features.fn, parts, 3, PROBLEM, (), scaled)
    means = [read_arrays(ref.fold(i), "train")["x"].mean(axis=0) for i in range(3)]
    assert np.abs(means).max() < 1e-5
    assert not np.array_equal(
        read_arrays(ref.fold(0), "test")["x"], read_arrays(ref.fold(1), "test")["x"]
    )
    assert ref.fold(0).path("features.onnx").is_file()
    assert ref.facts["folds"] == 3


def steps(columns: list[str]) -> ColumnTransformer:
    return ColumnTransformer(
        [
            ("number", numbers("mean"), ["a"]),
            ("bin", bins(3), ["b"]),
            ("kind", one_hot(("new", "used", "broken"), gaps=True), ["kind"]),
        ]
    )


def test_the_shared_steps_are_fitted_on_the_training_part_and_the_same_in_the_graph(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref], parts: Ref
) -> None:
    tables = {name: read_table(parts, name) for name in ("train", "validation", "test")}
    for table in tables.values():
        table.loc[table.index[:5], ["a", "b"]] = np.nan
        table.loc[table.index[3:8], "kind"] = pd.NA
    ref = keep(features.fn, keep_tables(**tables), PROBLEM, (), steps)
    train, validation = read_arrays(ref, "train")["x"], read_arrays(ref, "validation")["x"]
    assert train.shape[1] == 1 + 3 + 3
    assert train[:5, 0] == pytest.approx(np.zeros(5), abs=1e-6)  # the mean, scaled
    assert (train[:, 1:4].sum(axis=1) == 1).all()
    usual = tables["train"]["kind"].mode()[0]
    filled = (
        validation[3:8, 4:],
        validation[(tables["validation"]["kind"] == usual).fillna(False).to_numpy(bool)][:1, 4:],
    )
    assert np.array_equal(filled[0], np.repeat(filled[1], 5, axis=0))
    raw = tables["test"].assign(kind=tables["test"]["kind"].fillna("").astype(object))
    assert in_onnx(ref, raw) == pytest.approx(read_arrays(ref, "test")["x"], abs=1e-4)


def test_names_that_onnx_writes_otherwise_are_the_graph_s_inputs_as_they_are(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref], parts: Ref
) -> None:
    hyphens = {"a": "curb-weight", "b": "a/b"}
    tables = {
        name: read_table(parts, name).rename(columns=hyphens)
        for name in ("train", "validation", "test")
    }
    ref = keep(features.fn, keep_tables(**tables), PROBLEM, (Missing("a/b", "no a/b"),), two_names)
    assert ref.facts["raw_columns"] == ["curb-weight", "a/b"]
    assert in_onnx(ref, tables["test"]) == pytest.approx(read_arrays(ref, "test")["x"], abs=1e-4)


def two_names(columns: list[str]) -> ColumnTransformer:
    return ColumnTransformer([("number", numbers(), ["curb-weight", "a/b", "no a/b"])])


def means(columns: list[str]) -> ColumnTransformer:
    encoder = TargetEncoder(target_type="binary", cv=KFold(5, shuffle=True, random_state=0))
    return ColumnTransformer([("means", make_pipeline(encoder, StandardScaler()), ["shop"])])


def test_a_training_row_is_never_encoded_by_its_own_target(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref], parts: Ref
) -> None:
    tables = {name: read_table(parts, name) for name in ("train", "validation", "test")}
    for table in tables.values():  # two rows of each shop: the target's mean is often the target
        table["shop"] = pd.Series([f"shop {n // 2}" for n in range(len(table))], dtype="string")
    ref = keep(features.fn, keep_tables(**tables), PROBLEM, (), means)
    train = read_arrays(ref, "train")
    assert roc_auc_score(train["y"], train["x"][:, 0]) < 0.65
    raw = tables["test"][["shop"]].astype(object)
    assert in_onnx(ref, raw) == pytest.approx(read_arrays(ref, "test")["x"], abs=1e-6)
    served = in_onnx(ref, tables["train"][["shop"]].astype(object))[:, 0]
    assert roc_auc_score(train["y"], served) > 0.9


def test_a_training_part_that_lacks_a_class_is_refused(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref], parts: Ref
) -> None:
    three = Problem(
        problem_type="multiclass",
        target="sold",
        labels=("0", "1", "2"),
        primary_metric="log_loss",
        metrics=("log_loss",),
    )
    tables = {name: read_table(parts, name) for name in ("train", "validation", "test")}
    tables["test"].loc[tables["test"].index[0], "sold"] = 2
    with pytest.raises(CasebookError, match=r"training part has no row of 2: .*--group"):
        keep(features.fn, keep_tables(**tables), three, DERIVED, scaled)
