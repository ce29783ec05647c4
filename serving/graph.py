"""A published graph: loaded from the bytes that were hashed, held against its signature, and run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from serving.check import Fault, Refused
from serving.signature import Signature

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

BLOCKS = {"picture": 16, "text": 64}  # per run: more are no faster on one thread, and layers take megabytes of each
BLOCK = 4096  # rows of columns or series per run: more are no faster, and layers outgrow the processor's cache
EVEN = 4  # columns are filled up to a multiple of so many rows, or answers depend on how many rows are asked together
THREADS = {"picture": 2}  # of one answer: other models answer within a millisecond, and requests are the parallelism
TYPES = {"string": "tensor(string)", "text": "tensor(int32)"}
TOKENS = "tokens"  # what a graph calls a text's numbers

Arrays = Mapping[str, npt.NDArray[np.generic]]
Scores = npt.NDArray[np.float32]


class Graph:
    """What a model computes; any number of threads may run it at once.

    Raises
    ------
    ValueError
        If `content` is no graph, or one of other inputs and outputs than the signature says.
    """

    def __init__(self, content: bytes, signature: Signature) -> None:
        self._session = _session(content, THREADS.get(signature.inputs[0].dtype, 1))
        self._output = signature.output.name
        self._block = BLOCKS.get(signature.inputs[0].dtype, BLOCK)
        self._multiple = EVEN if signature.table else 1
        wanted = {
            TOKENS if field.longest else field.name: TYPES.get(field.dtype, "tensor(float)")
            for field in signature.inputs
        }
        found = {each.name: each.type for each in self._session.get_inputs()}
        if wanted != found:
            raise ValueError(f"model.onnx takes {found}, signature.json says {wanted}")
        if self._output not in [each.name for each in self._session.get_outputs()]:
            raise ValueError(f"model.onnx has no output {self._output}")

    def run(self, feeds: Arrays) -> Scores:
        """Return the output's rows for arrays as a reader makes them, computed in blocks.

        Raises
        ------
        Refused
            If the graph cannot work with the values.
        """
        rows = len(next(iter(feeds.values())))
        if rows <= self._block:
            return self._even(feeds, rows)
        starts = range(0, rows, self._block)
        parts = [{name: given[start : start + self._block] for name, given in feeds.items()} for start in starts]
        return np.concatenate(
            [self._even(part, min(self._block, rows - start)) for part, start in zip(parts, starts, strict=True)]
        )

    def _even(self, feeds: Arrays, rows: int) -> Scores:
        """Run one block, filled up: vector instructions round what is left over at an end in another way."""
        more = -rows % self._multiple
        if more:
            places = np.minimum(np.arange(rows + more), rows - 1)
            feeds = {name: given[places] for name, given in feeds.items()}
        return self._run({name: _typed(name, given) for name, given in feeds.items()})[:rows]

    def _run(self, feeds: Arrays) -> Scores:
        from onnxruntime.capi.onnxruntime_pybind11_state import (
            Fail,
            InvalidArgument,
            RuntimeException,
        )

        try:
            scores: Scores = self._session.run([self._output], feeds)[0]
        except (Fail, InvalidArgument, RuntimeException) as error:
            raise Refused(iter([Fault(None, None, f"the model cannot work with these values: {error}")])) from error
        return scores


def _typed(name: str, given: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    if given.dtype == object:  # texts of a column
        return given
    return given.astype(np.int32 if name == TOKENS else np.float32, copy=False)


def _session(content: bytes, threads: int) -> "InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # cores are for those who have work
    options.log_severity_level = 4  # what it has to say arrives as an exception
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base class
        raise ValueError(f"model.onnx does not load: {error}") from error
