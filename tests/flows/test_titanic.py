"""The titanic case: its ablation, a served model for rows with gaps, and bad inputs.

Bad inputs are reported in a paragraph.
"""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.titanic import DERIVED, RAW, STEPS, TITLES, standard_scores
from samples.titanic import make_passengers
from serving.bundle import load
from tasks.data.derive import derive
from tests.flows.house import SMOKE, House, fails_at_the_end, house_after
from tests.flows.recomputed import check_figures
from tests.rehearsal.notebooks import check_notebook
from tests.rehearsal.offline_model import check_offline_model

FAST = ("--profile", "smoke", "--candidates", "course", "--peers")
SAILED = (
    *SMOKE,
    "--sample-rows",
    "300",
    "--candidates",
    "course",
    "--peers",
    "logistic_regression",
)


@pytest.fixture(scope="module")
def sailed(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which the titanic case ran once on the sample.

    It ran with the lab's network and one baseline.
    """
    folder = tmp_path_factory.mktemp("titanic")
    return house_after(folder, prefect_server, "flows.titanic", *SAILED)


def test_the_report_tells_what_each_step_is_worth(sailed: House) -> None:
    run = sailed.runs("titanic")[0]
    metrics = sailed.record(run, "metrics.json")
    assert metrics["primary_metric"] == "accuracy"
    assert set(metrics["candidates"]) == {"course"}
    assert set(metrics["costs"]["course"]) == {"one_row_ms", "thousand_rows_ms", "size_mb"}
    assert metrics["choice"] == {"champion": "course", "best": "course", "difference": None}
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "ms for 1,000 rows" in page
    assert "What each step of the feature engineering is worth" in page
    for step in ("nothing", *STEPS):
        assert f"<td>{step}</td>" in page


def test_the_published_model_answers_raw_rows_with_gaps_as_it_did_when_exported(
    sailed: House,
) -> None:

    assert sailed.here("flows.promote", "titanic", "1").code == 0
    folder = sailed.artifacts / "models" / "titanic" / "1"
    model = load(folder)
    inputs = json.loads((folder / "signature.json").read_text(encoding="utf-8"))["inputs"]
    named = ["Pclass", "Name", "Sex", "Age", "SibSp", "Parch", "Fare", "Cabin", "Embarked"]
    assert [i["name"] for i in inputs] == named
    assert [i["name"] for i in inputs if i["optional"]] == ["Age", "Cabin", "Embarked"]
    rows = json.loads((folder / "sample_request.json").read_text(encoding="utf-8"))["instances"]
    expected = json.loads((folder / "sample_response.json").read_text(encoding="utf-8"))[
        "predictions"
    ]
    assert any(None in row.values() for row in rows)
    for answer, before in zip(model.predict(rows), expected, strict=True):
        assert answer["probability"] == pytest.approx(before["probability"], abs=1e-4)
    row = {"Pclass": 3, "Name": "Kelly, Mr. James", "Sex": "male", "Age": None}
    row |= {"SibSp": 0, "Parch": 0, "Fare": 7.83, "Cabin": None, "Embarked": None}
    left_out = {name: value for name, value in row.items() if value is not None}
    empty = {**row, "Cabin": ""}
    first, second, third = (
        answer["probability"] for answer in model.predict([row, left_out, empty])
    )
    assert [second, third] == pytest.approx([first, first], abs=1e-6)


def fails(empty: House, frame: pd.DataFrame, path: Path, *words: str) -> None:
    frame.to_csv(path, index=False)
    empty.here("flows.titanic", "--source", str(path), *FAST).complains(*words)
    assert not (empty.artifacts / "models").exists()


def test_a_missing_column(empty: House, tmp_path: Path) -> None:
    frame = make_passengers(300, seed=0).drop(columns="Fare")
    fails(empty, frame, tmp_path / "a.csv", "a.csv", "lacks the column Fare")


def test_text_in_a_number_column(empty: House, tmp_path: Path) -> None:
    frame = make_passengers(300, seed=0).astype({"Age": object})
    frame.loc[4, "Age"] = "about 40"
    fails(empty, frame, tmp_path / "a.csv", "Age", "row 5", "'about 40'")


def test_another_coding_of_the_label(empty: House, tmp_path: Path) -> None:
    frame = make_passengers(300, seed=0)
    fails(
        empty,
        frame.assign(Survived=frame["Survived"] + 1),
        tmp_path / "a.csv",
        "Survived",
        "validation.html",
    )


def test_every_step_can_be_left_out_of_the_encoder() -> None:
    frame = make_passengers(300, seed=0).drop(columns=["PassengerId", "Survived"])
    for left in STEPS:
        table = derive(
            frame, tuple(d for name, group in STEPS.items() for d in group if name != left)
        )
        names = standard_scores(list(table.columns)).fit(table).get_feature_names_out().tolist()
        assert not {d.name for d in STEPS[left]} & set(names)
        assert ("Fare" in names) == ("log_fare" not in names)
        assert set(names) & set(RAW) <= {"Age", "Fare"}


surnames = st.text(st.characters(categories=["L"]), min_size=1, max_size=12)


@given(surnames, st.sampled_from(sorted(TITLES)), surnames)
def test_a_name_has_the_title_behind_its_comma(surname: str, title: str, given_name: str) -> None:
    spelt = TITLES[title].split("|")[-1]
    # a married woman's entry gives her husband's title too
    name = f"{surname}, {spelt}. {given_name} (Mr. {given_name}, Miss. {surname})"
    frame = make_passengers(1, seed=0).assign(Name=name)
    titles = [
        d.name for d in DERIVED if d.name.startswith("title_") and d.compute(frame).iloc[0] == 1
    ]
    assert titles == [f"title_{title}"]


@given(st.integers(1, 2000), st.integers(0, 5))
def test_the_sample_has_the_public_file_s_columns_and_quirks(rows: int, seed: int) -> None:
    frame = make_passengers(rows, seed)
    assert list(frame.columns) == ["PassengerId", "Survived", *RAW[1:]]
    assert len(frame) == rows
    assert frame["Survived"].isin([0, 1]).all()
    assert frame["Name"].str.fullmatch(r"[^,]+, [^.]+\. .+").all()


def test_a_run_that_fails_at_its_end_publishes_nothing(sailed: House) -> None:
    fails_at_the_end(sailed, "titanic", *SAILED)


def test_figures_are_those_that_scikit_learn_computes(sailed: House) -> None:
    check_figures(sailed, "titanic")


def test_the_page_answers_as_the_published_graph_does(sailed: House) -> None:
    check_offline_model(sailed, "titanic")


def test_the_notebook_runs_to_its_end(sailed: House) -> None:
    check_notebook(sailed, "titanic")
