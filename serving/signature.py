"""What a published model takes and gives, as its `signature.json` says."""

from collections.abc import Mapping
from dataclasses import dataclass

DTYPES = ("float", "integer", "string")
KINDS = ("binary", "regression")


@dataclass(frozen=True)
class Field:
    """One raw input column.

    `minimum` and `maximum` are the range seen in training, not a limit; `allowed` is a limit, empty for none.
    """

    name: str
    dtype: str
    unit: str | None = None
    description: str = ""
    optional: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[object, ...] = ()


@dataclass(frozen=True)
class Output:
    """The one number a model gives, and for a binary model the threshold and the two labels it decides between."""

    name: str
    description: str = ""
    unit: str | None = None
    threshold: float | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Signature:
    """A model's case, kind, training data, inputs and output."""

    case: str
    kind: str
    trained_on: str
    inputs: tuple[Field, ...]
    output: Output


def parse(content: Mapping[str, object]) -> Signature:
    """Read the content of a `signature.json`.

    Raises
    ------
    TypeError
        If an object or a list is something else.
    ValueError
        If a key is missing or holds what this service does not know.
    """
    case, kind, trained_on = (_text(content, key) for key in ("case", "kind", "trained_on"))
    if kind not in KINDS or trained_on not in ("real", "sample"):
        raise ValueError(f"kind {kind!r} or trained_on {trained_on!r} is unknown")
    inputs = tuple(_field(_mapping(item)) for item in _list(content, "inputs"))
    names = [field.name for field in inputs]
    if not names or len(set(names)) < len(names):
        raise ValueError("inputs must be named, each once")
    return Signature(case, kind, trained_on, inputs, _output(_mapping(content.get("output")), kind))


def _field(item: Mapping[str, object]) -> Field:
    name, dtype = _text(item, "name"), _text(item, "dtype")
    if dtype not in DTYPES:
        raise ValueError(f"input {name}: dtype {dtype!r} is none of {', '.join(DTYPES)}")
    return Field(
        name=name,
        dtype=dtype,
        unit=_text(item, "unit") if item.get("unit") else None,
        description=str(item.get("description") or ""),
        optional=item.get("optional") is True,
        minimum=_number(item, "minimum"),
        maximum=_number(item, "maximum"),
        allowed=tuple(_list(item, "allowed")) if item.get("allowed") else (),
    )


def _output(item: Mapping[str, object], kind: str) -> Output:
    output = Output(
        name=_text(item, "name"),
        description=str(item.get("description") or ""),
        unit=_text(item, "unit") if item.get("unit") else None,
        threshold=_number(item, "threshold"),
        labels=tuple(str(label) for label in _list(item, "labels")) if item.get("labels") else (),
    )
    if kind == "binary" and (output.threshold is None or len(output.labels) != 2):
        raise ValueError("a binary output needs a threshold and two labels")
    return output


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"expected an object, found {value!r}")
    return value


def _list(item: Mapping[str, object], key: str) -> list[object]:
    value = item.get(key)
    if not isinstance(value, list):
        raise TypeError(f"{key} must be a list, not {value!r}")
    return value


def _text(item: Mapping[str, object], key: str) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key} must be a text, not {value!r}")
    return value


def _number(item: Mapping[str, object], key: str) -> float | None:
    value = item.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"{key} must be a number, not {value!r}")
    return None if value is None else float(value)
