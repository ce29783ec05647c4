"""The values in a file are counted by bin.

A row that can't be answered is set aside as scoring sets it aside.
"""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from onnx import TensorProto, helper
from pyarrow import parquet as pq

from casebook import paths
from casebook.errors import CasebookError
from serving.bundle import load
from tasks.monitoring.served_histograms import Counted, counted_in_file
from tests.serving.signatures import MPG
from tests.serving.versions import seal, write

KNOWN = 5  # weights that the graph has an answer for: it refuses rows of others


def by_table() -> bytes:
    """Return a graph that looks its answer up in a table by the weight.

    The graph fails for a weight beyond the table.
    """
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1])
        for name in ("Weight", "mpg")
    ]
    nodes = [
        helper.make_node("Cast", ["Weight"], ["place"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "place"], ["mpg"]),
    ]
    table = helper.make_tensor(
        "table", TensorProto.FLOAT, [KNOWN], [10.0, 20.0, 30.0, 40.0, float("inf")]
    )
    graph_proto = helper.make_graph(nodes, "mpg", ends[:1], ends[1:], [table])
    return helper.make_model(
        graph_proto, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    ).SerializeToString()


def counted(home: Path, weights: list[float | None]) -> Counted:
    folder = paths.models("mpg") / "1"
    if not folder.is_dir():
        write(
            "mpg", 1, by_table(), MPG | {"trained_on": "real"}, [{"Weight": 1.0}], [{"mpg": 20.0}]
        )
        bins = {"features": {"Weight": {"edges": [0.5, 1.5]}}, "score": {"edges": [15.0]}}
        (folder / "reference.json").write_text(json.dumps(bins))
        seal(folder)
    pq.write_table(pa.table({"Weight": pa.array(weights, pa.float64())}), home / "in.parquet")
    return counted_in_file(load(folder), home / "in.parquet")


def test_rows_that_the_graph_or_the_reader_refuses_are_counted_as_faulty_and_in_no_bin(
    home: Path,
) -> None:
    counts = counted(home, [0.0, 1.0, 99.0, None, 3.0, 4.0, 77.0])
    assert counts.features == {"Weight": [1, 1, 1, 0]}
    assert counts.score == [1, 2, 0]
    # two beyond the table, one without a weight, one answered by infinity
    assert (counts.rows, counts.faulty) == (
        3,
        4,
    )


def test_a_file_of_which_no_row_can_be_answered_is_refused(home: Path) -> None:
    with pytest.raises(
        CasebookError, match=r"no row can be answered by mpg; `flows\.score` tells why"
    ):
        counted(home, [99.0, None])
