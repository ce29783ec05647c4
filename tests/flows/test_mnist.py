"""Pictures from the file to a published model; what a broken or wrong file is answered with."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from PIL import Image

from samples import cifar10
from samples.mnist import make_digits
from tests.flows.house import SMOKE, House, fails_at_the_end, house_after
from tests.flows.recomputed import check_figures
from tests.rehearsal.notebooks import check_notebook
from tests.rehearsal.page_faults import check_page

FAST = ("--profile", "smoke", "--candidates", "course", "--peers")


@pytest.fixture(scope="module")
def digits(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which the digits ran once on the sample."""
    return house_after(tmp_path_factory.mktemp("digits"), prefect_server, "flows.mnist", *SMOKE)


def test_a_run_leaves_figures_with_intervals_and_pictures(digits: House) -> None:
    run = digits.runs("mnist")[0]
    metrics = digits.record(run, "metrics.json")
    assert metrics["test"] == {"split": "test", "folds": 1, "rows": 300}
    assert set(metrics["candidates"]) == {"course", "ours"}
    for figures in (*metrics["candidates"].values(), *metrics["peers"].values()):
        for figure in figures.values():
            assert figure["low"] - 1e-9 <= figure["value"] <= figure["high"] + 1e-9
    assert metrics["peers"]["extra_trees"]["accuracy"]["value"] > 0.9
    names = {path.name for path in (run / "plots").glob("*.png")}
    assert names == {
        "calibration.png",
        "confusion.png",
        "learning.png",
        "mistakes.png",
        "samples.png",
    }
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Sample data" in page
    assert page.count("data:image/png;base64") == 5


def test_the_published_graph_answers_its_own_sample(digits: House) -> None:
    version = digits.artifacts / "models" / "mnist" / "1"
    request, response = (
        json.loads((version / f"sample_{name}.json").read_text())
        for name in ("request", "response")
    )
    pictures = [
        Image.open(io.BytesIO(base64.b64decode(instance["picture"]["b64"])))
        for instance in request["instances"]
    ]
    x = np.stack([np.asarray(picture, "float32")[..., None] for picture in pictures])
    session = onnxruntime.InferenceSession(version / "model.onnx")
    probability = session.run(["probabilities"], {"picture": x})[0]
    for row, answer in zip(probability, response["predictions"], strict=True):
        assert answer["probability"] == pytest.approx(row.max(), abs=1e-4)
        assert len(answer["top"]) == 5


def fails(empty: House, case: str, path: Path, *words: str) -> None:
    empty.here(f"flows.{case}", "--source", str(path), *FAST).complains(*words)


def test_other_labels_and_a_lacking_array_end_in_one_paragraph(
    empty: House, tmp_path: Path
) -> None:
    x, y = make_digits(300, 0)
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y + 1, x_test=x[:50], y_test=y[:50] + 1)
    fails(empty, "mnist", tmp_path / "a.npz", "label", "validation.html")
    np.savez(tmp_path / "b.npz", x_train=x, y_train=y)
    fails(empty, "mnist", tmp_path / "b.npz", "b.npz", "lacks the array x_test, y_test")


def encoded(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def test_broken_photos_are_set_aside_and_counted(empty: House, tmp_path: Path) -> None:
    pictures, labels = cifar10.make_photos(400, 0)
    images = [encoded(picture) for picture in pictures]
    images[3], images[7] = images[3][:200], b"no picture"
    split = np.where(np.arange(400) % 5 == 0, "test", "train")
    pd.DataFrame({"image": images, "label": labels, "split": split}).to_parquet(
        tmp_path / "photos.parquet"
    )
    done = empty.here("flows.cifar10", "--source", str(tmp_path / "photos.parquet"), *FAST)
    assert done.code == 0, done.err
    page = (empty.runs("cifar10")[0] / "report.html").read_text(encoding="utf-8")
    assert "2 set aside by validation" in page


def test_a_run_that_fails_at_its_end_publishes_nothing(digits: House) -> None:
    fails_at_the_end(digits, "mnist", *SMOKE)


def test_figures_are_those_that_scikit_learn_computes(digits: House) -> None:
    check_figures(digits, "mnist")


def test_nothing_can_be_said_against_the_page(digits: House) -> None:
    check_page(digits.runs("mnist")[0] / "report.html")


def test_the_notebook_runs_to_its_end(digits: House) -> None:
    check_notebook(digits, "mnist")


def test_the_notebook_of_photos_runs_to_its_end(empty: House) -> None:
    check_notebook(empty, "cifar10")
