"""Reviews, from the files to a published model, on the sample.

The tests also cover wrong files, and real reviews as the service answers them.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from numpy import typing as npt
from scipy import special

from casebook.words import numbered, padded
from samples.naver_reviews import make_half
from serving.bundle import load
from serving.graph import TOKENS
from tasks.tables.network_graph import load_network
from tasks.texts.features import plain, vocabulary_in
from tests import needs
from tests.flows.house import SMOKE, House, fails_at_the_end, house_after
from tests.flows.recomputed import check_figures
from tests.rehearsal.notebooks import check_notebook


@pytest.fixture(scope="module")
def reviewed(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which the reviews ran once on the sample."""
    folder = tmp_path_factory.mktemp("reviewed")
    return house_after(
        folder,
        prefect_server,
        "flows.naver_reviews",
        *SMOKE,
        "--sample-rows",
        "800",
        "--candidates",
        "blend",
    )


def test_a_run_leaves_figures_pictures_and_what_repeats_are_worth(reviewed: House) -> None:
    run = reviewed.runs("naver_reviews")[0]
    metrics = reviewed.record(run, "metrics.json")
    assert metrics["primary_metric"] == "accuracy"
    assert metrics["test"]["rows"] == 800
    assert set(metrics["peers"]) == {"dummy", "linear_on_characters", "linear_on_words"}
    drawn = {path.stem for path in (run / "plots").iterdir()}
    assert {"lengths", "cloud_negative", "cloud_positive", "confusion", "learning"} < drawn
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "without repeats" in page and "up to 2 words" in page and "Sample data" in page


def expected_of(house: House, texts: list[str | None]) -> npt.NDArray[np.float64]:
    """Return the blend's probabilities, of which each model is computed by itself.

    Networks are computed by Keras; the unit tests hold the linear models to scikit-learn.
    """
    (folder,) = (house.artifacts / "store" / "naver_reviews" / "blend-blend").iterdir()
    tokens = padded(numbered(texts, vocabulary_in(folder)))
    total = np.zeros(len(texts))
    for name, weight in json.loads((folder / "weights.json").read_text()).items():
        if (folder / name / "network.keras").is_file():
            logits = np.asarray(load_network(folder / name / "network.keras")(tokens))
        else:
            path = folder / name / "score.onnx"
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            logits = session.run(["score"], {TOKENS: tokens})[0]
        total += weight * logits[:, 0]
    return np.asarray(special.expit(total))


def test_the_service_answers_as_the_models_of_the_blend_do(reviewed: House) -> None:
    version = reviewed.artifacts / "models" / "naver_reviews" / "1"
    texts: list[str | None] = [
        "영화 정말 최고네요!!!!",
        None,
        "👍👍",
        "so GOOD",
        "ㅋㅋㅋㅋㅋ",
        "지루하다 " * 28,
        "'\"\\",
    ]
    predictions: Any = load(version).predict([{"text": text} for text in texts])
    np.testing.assert_allclose(
        [prediction["probability"] for prediction in predictions],
        expected_of(reviewed, texts),
        atol=1e-4,
    )
    assert {prediction["label"] for prediction in predictions} <= {"negative", "positive"}


def halves(folder: Path, **columns: Any) -> Path:
    folder.mkdir()
    for part, seed in (("train", 0), ("test", 1)):
        make_half(500, seed).assign(**columns).to_parquet(folder / f"ratings_{part}.parquet")
    return folder


def fails(house: House, source: Path, *words: str) -> None:
    house.here(
        "flows.naver_reviews", "--source", str(source), "--profile", "smoke", "--peers"
    ).complains(*words)


def test_wrong_files_end_in_one_paragraph(empty: House, tmp_path: Path) -> None:
    fails(empty, halves(tmp_path / "labels", label=2), "label", "another coding", "validation.html")
    fails(
        empty, halves(tmp_path / "text", label="liked"), "label holds numbers", "row 1", "'liked'"
    )
    folder = halves(tmp_path / "lacks")
    pd.read_parquet(folder / "ratings_test.parquet").drop(columns="document").to_parquet(
        folder / "ratings_test.parquet"
    )
    fails(empty, folder, "lacks the column document")
    fails(empty, folder / "ratings_train.parquet", "no test part of its own", "ratings_test")


@pytest.mark.realdata
def test_real_reviews_are_answered_as_the_models_of_the_blend_do(reviewed: House) -> None:
    documents = pd.read_parquet(Path(needs.real_data()) / "nsmc" / "ratings_test.parquet")[
        "document"
    ]
    odd = documents[
        documents.isna()
        | ~documents.fillna("가").str.contains("[가-힣]")
        | (documents.str.len() >= 139)
    ]
    chosen = [
        text
        for text in plain(pd.concat([odd.head(500), documents.head(600)]))
        if text is None or text.strip()
    ]
    assert None in chosen and len(chosen) >= 1000
    version = reviewed.artifacts / "models" / "naver_reviews" / "1"
    predictions: Any = load(version).predict([{"text": text} for text in chosen])
    np.testing.assert_allclose(
        [prediction["probability"] for prediction in predictions],
        expected_of(reviewed, chosen),
        atol=1e-4,
    )


def test_a_run_that_fails_at_its_end_publishes_nothing(reviewed: House) -> None:
    fails_at_the_end(
        reviewed, "naver_reviews", *SMOKE, "--sample-rows", "800", "--candidates", "blend"
    )


def test_figures_are_those_that_scikit_learn_computes(reviewed: House) -> None:
    check_figures(reviewed, "naver_reviews")


def test_the_notebook_runs_to_its_end(reviewed: House) -> None:
    check_notebook(reviewed, "naver_reviews")
