"""A run computes on the requested device, records it, and computes in 32 bits by default.

A stage may request fewer bits.
"""

import logging

import keras
import pytest

from casebook.device import prepare, reduced_precision


def test_the_record_says_what_is_used_and_a_missing_gpu_is_told_of(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("casebook"), "propagate", True)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    for requested in ("auto", "cpu", "gpu"):
        info = prepare(requested, 0)
        assert (info["asked"], info["used"], info["backend"]) == (requested, "cpu", "tensorflow")
    assert {record.message for record in caplog.records} == {
        "A GPU was asked for, but tensorflow finds none: the CPU is used."
    }


def test_16_bits_are_computed_with_only_where_they_are_asked_for() -> None:

    prepare("cpu", 0)
    assert keras.mixed_precision.dtype_policy().name == "float32"
    with reduced_precision("gpu", enabled=True) as precision:
        layer = keras.layers.Dense(2)
        assert (precision, layer.compute_dtype, layer.variable_dtype) == (
            "mixed_float16",
            "float16",
            "float32",
        )
    with reduced_precision("gpu", enabled=False) as precision:
        assert precision == "float32"
    with reduced_precision("cpu", enabled=True) as precision:
        assert precision in ("mixed_bfloat16", "float32")
    assert keras.layers.Dense(2).compute_dtype == "float32"
