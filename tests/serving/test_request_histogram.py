"""What is asked and answered is counted in the bins that the version was published with."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from casebook import paths, share
from casebook.errors import CasebookError
from serving.app import create_app
from serving.distribution import Bins
from serving.registry import Registry
from serving.request_histogram import HOUR, RequestHistogram
from tasks.monitoring.served_histograms import counted_in_service

REFERENCE = {
    "rows": 10,
    "features": {
        "Amount": {"edges": [1.0, 10.0], "counts": [3, 3, 4, 0]},
        "Age": {"edges": [], "counts": [8, 2]},
        "Sex": {"texts": ["male"], "counts": [6, 4, 0]},
        "Hour": {"edges": [11.0], "counts": [5, 5, 0]},
    },
    "score": {"edges": [0.5], "counts": [5, 5, 0]},
}


@pytest.fixture
def histogram() -> RequestHistogram:
    return RequestHistogram()


@pytest.fixture
def counted(
    publish: Callable[..., Path],
    reseal: Callable[[Path], None],
    promote: Callable[[str, str], None],
    histogram: RequestHistogram,
) -> FlaskClient:
    """Return a client of a service whose fraud model has bins, and whose mpg model has none."""
    folder = publish("fraud", 1, -1.0, promote=False)
    (folder / "reference.json").write_text(json.dumps(REFERENCE))
    reseal(folder)
    promote("fraud", "1")
    publish("mpg", 1, 0.01)
    models = Registry(paths.models())
    models.look()
    assert not models.failures
    app = create_app(models, histogram=histogram)
    app.testing = True
    return app.test_client()


def written() -> list[dict[str, Any]]:
    return [
        json.loads(path.read_text()) for path in sorted(paths.artifacts().glob("served/*/*/*.json"))
    ]


def row(amount: float, hour: int, age: float | None, sex: str) -> dict[str, object]:
    return {"Amount": amount, "Hour": hour, "Age": age, "Sex": sex}


def test_requests_are_counted_by_bin_and_never_kept(
    counted: FlaskClient, histogram: RequestHistogram
) -> None:
    rows = [row(1.0, 3, None, "male"), row(5.0, 12, 40, "female"), row(500.25, 23, 41, "male")]
    for instances in (rows[:1], rows[1:]):
        assert (
            counted.post("/v1/models/fraud:predict", json={"instances": instances}).status_code
            == 200
        )
    # is refused, and so is no answer
    counted.post("/v1/models/fraud:predict", json={"instances": [{}]})
    counted.post("/v1/models/mpg:predict", json={"instances": [{"Weight": 1.0}]})
    histogram.count()
    histogram.write()
    (content,) = written()
    assert (content["case"], content["version"], content["hour"]) == (
        "fraud",
        1,
        datetime.now(UTC).strftime(HOUR),
    )
    assert content["features"] == {
        "Amount": [1, 1, 1, 0],
        "Age": [2, 1],
        "Sex": [2, 1, 0],
        "Hour": [1, 2, 0],
    }
    assert sum(content["score"]) == 3
    assert "500.25" not in json.dumps(content)


def test_counts_go_on_in_their_file_and_end_with_the_service(
    counted: FlaskClient, histogram: RequestHistogram
) -> None:
    for _ in range(2):
        counted.post("/v1/models/fraud:predict", json={"instances": [row(1.0, 3, None, "male")]})
        histogram.close()
    (content,) = written()
    assert content["features"]["Amount"] == [2, 0, 0, 0]


def test_processes_count_apart(counted: FlaskClient, histogram: RequestHistogram) -> None:
    other = RequestHistogram()
    model = counted.post(
        "/v1/models/fraud:predict", json={"instances": [row(1.0, 3, None, "male")]}
    )
    assert model.status_code == 200
    other._pending, other._rows = list(histogram._pending), histogram._rows
    histogram.close()
    other.close()
    assert [content["features"]["Amount"] for content in written()] == [[1, 0, 0, 0]] * 2


def test_old_counts_are_forgotten(counted: FlaskClient, histogram: RequestHistogram) -> None:
    folder = paths.served("fraud") / "1"
    folder.mkdir(parents=True)
    for days in (29, 31):
        hour = (datetime.now(UTC) - timedelta(days=days)).strftime(HOUR)
        (folder / f"{hour}.1-a.json").write_text("{}")
    counted.post("/v1/models/fraud:predict", json={"instances": [row(1.0, 3, None, "male")]})
    histogram.close()
    assert len(list(folder.iterdir())) == 2


def test_counts_are_shared_with_whoever_watches_and_forgotten_there_too(
    counted: FlaskClient,
    histogram: RequestHistogram,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"s3://{bucket}/team")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "service"))
    folder = paths.served("fraud") / "1"
    old = (datetime.now(UTC) - timedelta(days=31)).strftime(HOUR)
    share.write(folder / f"{old}.1-a.json", b"{}")
    counted.post("/v1/models/fraud:predict", json={"instances": [row(1.0, 3, None, "male")]})
    model = histogram._pending[0].model
    histogram.close()
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "elsewhere"))
    assert len(share.names(paths.served("fraud") / "1")) == 1
    assert counted_in_service(model, 24).rows == 1


def test_answers_do_not_wait_for_a_full_disk(
    counted: FlaskClient, histogram: RequestHistogram, caplog: pytest.LogCaptureFixture
) -> None:
    paths.served("fraud").parent.write_text("no folder")
    assert (
        counted.post(
            "/v1/models/fraud:predict", json={"instances": [row(1, 3, 4, "male")]}
        ).status_code
        == 200
    )
    histogram.close()
    assert "could not write" in caplog.text
    paths.served("fraud").parent.unlink()
    histogram.close()
    (content,) = written()
    assert content["features"]["Amount"] == [1, 0, 0, 0]


def test_a_cleaner_and_foreign_files_take_nothing_away(
    counted: FlaskClient, histogram: RequestHistogram
) -> None:
    folder = paths.served("fraud") / "1"
    (folder / "2001-01-01T00.a-folder.json").mkdir(parents=True)
    (folder / "0-notes.json").write_text("mine")
    counted.post("/v1/models/fraud:predict", json={"instances": [row(1.0, 3, None, "male")]})
    histogram.close()
    assert (folder / "0-notes.json").read_text() == "mine"
    shutil.rmtree(paths.served("fraud"))
    counted.post("/v1/models/fraud:predict", json={"instances": [row(1.0, 3, None, "male")]})
    histogram.close()
    (content,) = written()
    assert content["features"]["Amount"] == [2, 0, 0, 0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 100_000,
        b"\xff\xfe{",
        b"{}",
        b'{"features": {"Amount": [1]}, "score": [1, 0, 0]}',
        b'{"features": {"Amount": [1' + b"0" * 400 + b", 0, 0, 0]}}",
        None,
    ],
    ids=["empty", "deep", "binary", "of_nothing", "of_other_bins", "of_endless_numbers", "a_pipe"],
)
def test_a_damaged_file_of_counts_is_left_out_and_said(
    counted: FlaskClient, histogram: RequestHistogram, content: bytes | None
) -> None:
    counted.post("/v1/models/fraud:predict", json={"instances": [row(1.0, 3, None, "male")]})
    model = histogram._pending[0].model
    histogram.close()
    damaged = paths.served("fraud") / "1" / f"{datetime.now(UTC).strftime(HOUR)}.1-b.json"
    if content is None:
        os.mkfifo(damaged)
    else:
        damaged.write_bytes(content)
    in_service = counted_in_service(model, 24)
    assert in_service.rows == 1
    assert f"without {damaged.name}, which can't be read" in in_service.where


def test_counts_that_are_all_damaged_are_named(
    counted: FlaskClient, histogram: RequestHistogram
) -> None:
    counted.post("/v1/models/fraud:predict", json={"instances": [row(1.0, 3, None, "male")]})
    model = histogram._pending[0].model
    histogram.close()
    for path in paths.served("fraud").glob("1/*.json"):
        path.write_text("{")
    with pytest.raises(
        CasebookError, match=r"counted nothing .* without .*json, which can't be read"
    ):
        counted_in_service(model, 24)


def test_bins_for_what_the_model_does_not_take_are_refused(
    counted: FlaskClient,
    publish: Callable[..., Path],
    reseal: Callable[[Path], None],
    promote: Callable[..., None],
) -> None:
    folder = publish("fraud", 2, -1.0, promote=False)
    other = REFERENCE | {"features": {"Wheels": {"edges": [], "counts": [1, 0]}}}
    (folder / "reference.json").write_text(json.dumps(other))
    reseal(folder)
    promote("fraud", "2")
    models = Registry(paths.models())
    models.look()
    assert "Wheels" in models.failures["fraud"].why


def test_a_broken_reference_is_refused(
    publish: Callable[..., Path],
    reseal: Callable[[Path], None],
    promote: Callable[[str, str], None],
) -> None:
    folder = publish("fraud", 1, -1.0, promote=False)
    (folder / "reference.json").write_text('{"features": []}')
    reseal(folder)
    promote("fraud", "1")
    models = Registry(paths.models())
    models.look()
    assert "features" in models.failures["fraud"].why


NUMBERS = st.floats(width=32)
EDGES = st.lists(st.floats(-1e6, 1e6), max_size=5, unique=True).map(sorted)


@given(st.lists(NUMBERS), EDGES)
def test_every_number_has_one_bin(values: list[float], edges: list[float]) -> None:
    bins = Bins(edges=tuple(edges))
    counts = bins.count(np.array(values, dtype=np.float32))
    assert len(counts) == bins.size and counts.sum() == len(values)
    assert counts[-1] == sum(np.isnan(values))
    for place, edge in enumerate(edges):
        assert counts[: place + 1].sum() == sum(
            float(np.float32(value)) <= edge for value in values
        )


@given(st.lists(st.sampled_from(["", "a", "b", "c"])))
def test_every_text_has_one_bin(values: list[str]) -> None:
    counts = Bins(texts=("a", "b")).count(np.array(values, dtype=object))
    assert counts.tolist() == [
        values.count("a"),
        values.count("b"),
        values.count("c"),
        values.count(""),
    ]
