"""Where networks train: the first GPU if there is one, else the CPU."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

Asked = Literal["auto", "cpu", "gpu"]


def prepare(asked: Asked, seed: int) -> dict[str, JsonValue]:
    """Choose the device, fix every seed, and return what will really be used.

    A run that asked for a GPU where there is none goes on with the CPU, warns, and has `asked: gpu, used: cpu` in
    its record. On a GPU, networks compute in mixed precision; on a CPU, with a fixed number of threads.
    """
    import keras

    keras.utils.set_random_seed(seed)
    keras.backend.clear_session()
    backend = keras.backend.backend()
    used = _tensorflow(asked) if backend == "tensorflow" else _other(asked)
    if asked == "gpu" and used == "cpu":
        logging.getLogger("casebook").warning("A GPU was asked for, but %s finds none: the CPU is used.", backend)
    keras.mixed_precision.set_global_policy("mixed_float16" if used == "gpu" else "float32")
    return {"asked": asked, "used": used, "backend": backend, "threads": threads()}


@contextmanager
def reduced_precision(*, asked: bool) -> Iterator[str]:
    """Let networks built inside compute in 16 bits, if that is asked and the processor has instructions for it.

    A GPU does so already. On a processor without them 16 bits are emulated, and slower than 32.
    """
    import keras

    before = keras.mixed_precision.dtype_policy().name
    if asked and before == "float32" and _has_bfloat16():
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        yield keras.mixed_precision.dtype_policy().name
    finally:
        keras.mixed_precision.set_global_policy("float32")


def _has_bfloat16() -> bool:
    """Say whether the processor multiplies 16-bit numbers (AVX-512 BF16 or AMX); only Linux tells."""
    flags = Path("/proc/cpuinfo")
    words = set(flags.read_text(encoding="utf-8").split()) if flags.is_file() else set()
    return bool(words & {"avx512_bf16", "amx_bf16"})


def threads() -> int:
    """Return how many CPU threads this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tensorflow(asked: Asked) -> str:
    """Hide the GPUs from a run that wants none, let memory grow on the one it takes, set CPU threads."""
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # it warns of every new shape that a batch has
    gpus = tf.config.list_physical_devices("GPU")
    try:
        if asked == "cpu" or not gpus:
            tf.config.set_visible_devices([], "GPU")
            tf.config.threading.set_intra_op_parallelism_threads(threads())
            return "cpu"
        tf.config.set_visible_devices(gpus[:1], "GPU")
        tf.config.experimental.set_memory_growth(gpus[0], True)
    except RuntimeError:  # TensorFlow is already running with the choice made by an earlier stage of this process
        return "gpu" if tf.config.list_logical_devices("GPU") else "cpu"
    return "gpu"


def _other(asked: Asked) -> str:
    """Ask JAX or torch, through Keras, whether it has a GPU; with `cpu` asked, their own settings must hide it."""
    import keras

    return "gpu" if asked != "cpu" and any("gpu" in name for name in keras.distribution.list_devices("gpu")) else "cpu"
