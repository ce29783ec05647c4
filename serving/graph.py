"""A published graph: load it from the hashed bytes, check it against its signature, and run it."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy import typing as npt

from serving.check import Fault, Refused
from serving.signature import Signature

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, RunOptions

# rows of columns or series per run: more are no faster, and layers outgrow the processor's cache
BLOCK = 512
ABREAST = 2  # blocks of large requests at once
TEXTS = 64  # per run: more are no faster on one thread
# per run, a picture of more is alone: two at once are no faster, and layers take megabytes of each
PIXELS = 50_000
THREADS = {
    "picture": 2
}  # of one answer: other models answer within a millisecond, and requests are the parallelism
TYPES = {"string": "tensor(string)", "text": "tensor(int32)"}
TOKENS = "tokens"  # what a graph calls a text's numbers
# where weights outside of the graph are looked for
ELSEWHERE = "session.model_external_initializers_file_folder_path"
NOWHERE = "/nonexistent"  # all that is run was hashed, and so are no weights outside

Arrays: TypeAlias = "Mapping[str, npt.NDArray[np.generic]]"
Scores: TypeAlias = "npt.NDArray[np.float32]"


class TooMuch(Exception):
    """More than can be computed in the time that a request has."""


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
        self._options: RunOptions | None = None
        self._block = _block(signature)
        self._small = bool(signature.picture or signature.text)
        self._pool = ThreadPoolExecutor(1 if signature.picture else ABREAST)
        expected = {
            TOKENS if field.longest else field.name: TYPES.get(field.dtype, "tensor(float)")
            for field in signature.inputs
        }
        inputs = {node.name: node.type for node in self._session.get_inputs()}
        if expected != inputs:
            raise ValueError(f"model.onnx takes {inputs}, signature.json says {expected}")
        outputs = [node.name for node in self._session.get_outputs()]
        if (
            self._output in inputs and len(outputs) == 1
        ):  # a column is called as the answer is: the graph can't do so
            self._output = outputs[0]
        if self._output not in outputs:
            raise ValueError(f"model.onnx has no output {self._output}")

    def run(self, feeds: Arrays, until: float = math.inf) -> Scores:
        """Return the output's rows for arrays as a reader makes them, computed in blocks.

        Raises
        ------
        Refused
            If the graph cannot work with the values.
        TooMuch
            If it is past `until`, a time by `monotonic`, and blocks are left.
        """
        rows = len(next(iter(feeds.values())))
        if rows <= self._block:
            return self._run(feeds)
        starts = range(0, rows, self._block)
        return np.concatenate(list(self._pool.map(partial(self._part, feeds, until), starts)))

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """Stop what is run inside the block once it has taken so long.

        Raises
        ------
        ValueError
            It was stopped.
        """
        import onnxruntime

        options = self._options = onnxruntime.RunOptions()
        timer = Timer(seconds, setattr, (options, "terminate", True))
        timer.daemon = True
        timer.start()
        try:
            yield
        except Refused as error:
            if options.terminate:
                raise ValueError(f"model.onnx did not answer within {seconds:g} seconds") from error
            raise
        finally:
            timer.cancel()
            self._options = None

    def _part(self, feeds: Arrays, until: float, start: int) -> Scores:
        """Run the block that starts at a row."""
        if monotonic() > until:
            raise TooMuch(f"only {start} instances were answered in the time that a request has")
        return self._run(
            {name: given[start : start + self._block] for name, given in feeds.items()}
        )

    def _typed(self, feeds: Arrays) -> Arrays:
        """Return a block as the graph takes it: readers keep pixels and tokens in few bytes."""
        if not self._small:
            return feeds
        ((name, given),) = feeds.items()
        return {name: given.astype(np.int32 if name == TOKENS else np.float32, copy=False)}

    def _run(self, feeds: Arrays) -> Scores:
        from onnxruntime.capi.onnxruntime_pybind11_state import (
            Fail,
            InvalidArgument,
            NotImplemented,
            RuntimeException,
        )

        try:
            scores: Scores = self._session.run([self._output], self._typed(feeds), self._options)[0]
        except (Fail, InvalidArgument, NotImplemented, RuntimeException) as error:
            raise Refused(
                iter([Fault(None, None, f"the model cannot work with these values: {error}")])
            ) from error
        rows = len(next(iter(feeds.values())))
        if scores.shape[:1] != (rows,):
            problem = f"the model answers {rows} instances with an array of shape {scores.shape}"
            raise Refused(iter([Fault(None, None, problem)]))
        return scores


def _block(signature: Signature) -> int:
    """Return how many instances are answered in one run."""
    if signature.picture and signature.picture.shape:
        return max(1, PIXELS // (signature.picture.shape.height * signature.picture.shape.width))
    return TEXTS if signature.text else BLOCK


def _session(content: bytes, threads: int) -> InferenceSession:
    os.environ.setdefault(
        "ORT_DISABLE_TELEMETRY", "1"
    )  # read at import; else it tells its maker how it is used

    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry(
        "session.intra_op.allow_spinning", "0"
    )  # cores are for those who have work
    options.add_session_config_entry(ELSEWHERE, NOWHERE)
    options.log_severity_level = 4  # what it has to say arrives as an exception
    try:
        # no fallback to another provider: only for it the file's bytes would be kept, and it prints
        session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
    except Exception as error:  # its exceptions share no base class
        raise ValueError(f"model.onnx does not load: {error}") from error
    session._model_bytes = None
    return session
