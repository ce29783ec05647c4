"""Where networks train: the first GPU if there is one, else the CPU."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import keras
from pydantic import JsonValue

DeviceChoice = Literal["auto", "cpu", "gpu"]


def prepare(requested: DeviceChoice, seed: int) -> dict[str, JsonValue]:
    """Choose the device, fix every seed, and return what is actually used.

    A run that requests a GPU where there is none goes on with the CPU, warns, and has `asked: gpu,
    used: cpu` in its record. Networks compute in 32 bits unless they are built inside
    `reduced_precision`; on a CPU, with a fixed number of threads.
    """
    keras.utils.set_random_seed(seed)
    keras.backend.clear_session()
    backend = keras.backend.backend()
    used = {"tensorflow": _tensorflow, "jax": _jax}.get(backend, _torch)(requested)
    if requested == "gpu" and used == "cpu":
        logging.getLogger("casebook").warning(
            "A GPU was asked for, but %s finds none: the CPU is used.", backend
        )
    if requested == "cpu" and used == "gpu":
        logging.getLogger("casebook").warning(
            "The CPU was asked for, but %s uses its GPU: hide it from it.", backend
        )
    keras.mixed_precision.set_global_policy("float32")
    return {"asked": requested, "used": used, "backend": backend, "threads": threads()}


@contextmanager
def reduced_precision(used: JsonValue, *, enabled: bool) -> Iterator[str]:
    """Let networks built inside compute in 16 bits, if requested and the device in use supports it.

    A GPU does. A processor does if it has instructions for it: without them 16 bits are emulated,
    and slower than 32.
    """
    bits = "mixed_float16" if used == "gpu" else "mixed_bfloat16" if _has_bfloat16() else "float32"
    keras.mixed_precision.set_global_policy(bits if enabled else "float32")
    try:
        yield keras.mixed_precision.dtype_policy().name
    finally:
        keras.mixed_precision.set_global_policy("float32")


def _has_bfloat16() -> bool:
    """Return whether the processor multiplies 16-bit numbers (AVX-512 BF16 or AMX).

    Only Linux reports it.
    """
    flags = Path("/proc/cpuinfo")
    words = set(flags.read_text(encoding="utf-8").split()) if flags.is_file() else set()
    return bool(words & {"avx512_bf16", "amx_bf16"})


def threads() -> int:
    """Return how many CPU threads this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tensorflow(requested: DeviceChoice) -> str:
    """Configure TensorFlow's devices and return the one in use.

    Hide the GPUs from a run that wants none, let memory grow on the one it takes, and set the
    number of CPU threads.
    """
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # it warns of every new shape that a batch has
    gpus = tf.config.list_physical_devices("GPU")
    try:
        if requested == "cpu" or not gpus:
            tf.config.set_visible_devices([], "GPU")
            tf.config.threading.set_intra_op_parallelism_threads(threads())
            return "cpu"
        tf.config.set_visible_devices(gpus[:1], "GPU")
        tf.config.experimental.set_memory_growth(gpus[0], True)
        tf.config.experimental.enable_tensor_float_32_execution(
            False
        )  # 32 bits are 32: graphs are held to 1e-4
    except (
        RuntimeError
    ):  # TensorFlow is already running with the choice made by an earlier stage of this process
        return "gpu" if tf.config.list_logical_devices("GPU") else "cpu"
    return "gpu"


def _jax(requested: DeviceChoice) -> str:
    """Configure JAX's device and precision, and return the device in use.

    JAX computes on the CPU if that is requested or there is no GPU, else on its first GPU, as
    exactly as on a CPU. By default a GPU would round 32 bits to 19 in products, and add up in
    whatever order is fastest.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if "deterministic" not in flags:
        os.environ["XLA_FLAGS"] = (
            f"{flags} --xla_gpu_deterministic_ops=true"  # read when JAX first computes
        )
    import jax

    used = "cpu" if requested == "cpu" or jax.default_backend() != "gpu" else "gpu"
    jax.config.update("jax_default_device", jax.devices("cpu")[0] if used == "cpu" else None)
    jax.config.update("jax_default_matmul_precision", "float32")
    return used


def _torch(requested: DeviceChoice) -> str:
    """Return the device that Keras' torch backend computes on.

    It chose the device when it was imported, unless KERAS_TORCH_DEVICE says otherwise.
    """
    return "cpu" if str(keras.ops.zeros(()).device) == "cpu" else "gpu"
