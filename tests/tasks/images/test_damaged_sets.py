"""A damaged picture set of any kind is read, or refused in one sentence."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casebook.errors import CasebookError
from tests.tasks.images.picture_sets import X, Y, content, pack, pictures, save, table

WHOLE: dict[str, Callable[[Path], Path]] = {
    "npz": lambda path: save(path / "a.npz"),
    "packed npz": lambda path: (
        (np.savez_compressed(path / "a.npz", x_train=X, y_train=Y, x_test=X, y_test=Y), path)[1]
        / "a.npz"
    ),
    "tgz": lambda path: pack(path / "a.tgz", {"rose/1.png": content(), "daisy/1.png": content()}),
    "zip": lambda path: pack(path / "a.zip", {"rose/1.png": content(), "daisy/1.png": content()}),
    "parquet": lambda path: table(path / "a.parquet", [content()] * 3),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_damaged_file_is_always_told_in_one_sentence(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = WHOLE[kind](tmp_path_factory.mktemp("damaged"))
    whole = path.read_bytes()

    @settings(max_examples=60)
    @given(
        st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=8),
        st.integers(0, 400),
    )
    def damaged(changes: list[tuple[int, int]], cut: int) -> None:
        spoilt = bytearray(whole)
        for place, value in changes:
            spoilt[place] = value
        path.write_bytes(spoilt[: len(spoilt) - cut] if cut < len(spoilt) else spoilt)
        message = path.name
        try:
            pictures(path)
        except CasebookError as error:
            message = str(error)
        assert path.name in message and "\n" not in message

    damaged()
