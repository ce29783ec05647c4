"""A case of texts needs a training file and a test file, and its blends one encoding."""

from pathlib import Path

import pytest

from casebook.errors import CasebookError
from casebook.run import Run, under_way
from flows.naver_reviews import CASE, NaverReviewsParams
from samples.naver_reviews import make_half
from tasks.texts.halves import fetch_halves


def test_a_source_with_one_half_names_the_files_that_are_lacking(tmp_path: Path) -> None:
    path = tmp_path / "ratings_train.parquet"
    make_half(10, 0).to_parquet(path)
    with (
        under_way(Run("naver_reviews", NaverReviewsParams())),
        pytest.raises(CasebookError) as error,
    ):
        fetch_halves(CASE.halves, str(path))
    assert str(error.value) == (
        f"--source {path} gives no test part of its own: name a folder that holds ratings_train "
        "and ratings_test, both as .txt or both as .parquet."
    )


def test_every_model_reads_an_encoding_and_every_blend_one_alone() -> None:
    encodings = {name: model.encoding for name, model in CASE.models.items()}
    encodings |= {name: model.encoding for name, model in CASE.linear.items()}
    assert set(encodings.values()) <= CASE.encodings.keys()
    for parts in CASE.blends.values():
        assert len({encodings[part] for part in parts}) == 1
