"""What a published model takes and gives, as its `signature.json` says."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

DTYPES = ("float", "integer", "string", "picture", "series", "date", "text")
MOST_INPUTS = 10_000
MOST_LABELS = 1_000_000
MOST_SEEN = 1_000  # values that a page proposes
LONGEST_TEXT = 5_000  # characters of what a page shows of a version
MOST_PIXELS = 25_000_000  # of a picture as the model takes it
LARGEST_SIZE = 1_000_000  # numbers of a series, steps of a forecast, characters of a text
KINDS = ("binary", "regression", "multiclass", "forecast")


class Shape(NamedTuple):
    """The size of a picture as a model takes it, in pixels.

    One channel is grey, three are red, green and blue.
    """

    height: int
    width: int
    channels: int


@dataclass(frozen=True)
class Field:
    """One raw input: a column, the picture, a series of numbers, a date, or the text.

    `minimum` and `maximum` are the range seen in training, not a limit; `allowed` is a limit, empty
    for none. `seen` are the values of a text in training, where others are answered too. Only a
    picture has a `shape`. Only a series has a `length`: how many numbers it holds.
    Only a text that is read word by word has a `longest`: how many characters it may have.
    """

    name: str
    dtype: str
    unit: str | None = None
    description: str = ""
    optional: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[object, ...] = ()
    seen: tuple[str, ...] = ()
    shape: Shape | None = None
    longest: int | None = None
    length: int | None = None


@dataclass(frozen=True)
class Output:
    """A model's output: one number per row, or one per label if it is multiclass.

    A binary model has the threshold and the two labels that its number decides between. A forecast
    has a `horizon`, so many `steps` (such as days) ahead, and the share of truths (`level`) that
    are to lie between its low and its high.
    """

    name: str
    description: str = ""
    unit: str | None = None
    threshold: float | None = None
    labels: tuple[str, ...] = ()
    horizon: int | None = None
    step: str = ""
    level: float | None = None


@dataclass(frozen=True)
class Signature:
    """A model's case, kind, training data, inputs and output.

    It may have a title for people, and the limits of the data that it learned from.
    """

    case: str
    kind: str
    trained_on: str
    inputs: tuple[Field, ...]
    output: Output
    title: str = ""
    limits: str = ""

    @property
    def picture(self) -> Field | None:
        """The input that takes a picture, where the model takes one."""
        return self.inputs[0] if self.inputs[0].shape else None

    @property
    def text(self) -> Field | None:
        """The input that takes a text to be read word by word, where the model takes one."""
        return self.inputs[0] if self.inputs[0].longest else None

    @property
    def series(self) -> Field | None:
        """The first input that takes a series of numbers, where the model takes one."""
        return next((field for field in self.inputs if field.length), None)

    @property
    def table(self) -> bool:
        """Whether the inputs are columns of a table: numbers and texts, one of each per row."""
        return not (self.picture or self.text or self.series)


def parse(content: Mapping[str, object]) -> Signature:
    """Read the content of a `signature.json`.

    Raises
    ------
    TypeError
        If an object or a list is something else.
    ValueError
        If a key is missing or holds what this service does not know.

    Examples
    --------
    >>> fields, output = [{"name": "age", "dtype": "float"}], {"name": "probability"}
    >>> content = {"case": "titanic", "trained_on": "real", "inputs": fields, "output": output}
    >>> parse({**content, "kind": "regression"}).inputs[0].optional
    False
    >>> parse({**content, "kind": "binary"})
    Traceback (most recent call last):
    ValueError: a binary output needs a threshold and two labels
    """
    case, kind, trained_on = (_text(content, key) for key in ("case", "kind", "trained_on"))
    if kind not in KINDS or trained_on not in ("real", "sample"):
        raise ValueError(f"kind {kind!r} or trained_on {trained_on!r} is unknown")
    items = _list(content, "inputs")
    if len(items) > MOST_INPUTS:
        raise ValueError(f"{len(items):,} inputs are more than {MOST_INPUTS:,}")
    inputs = tuple(_field(_mapping(item)) for item in items)
    names = [field.name for field in inputs]
    if not names or len(set(names)) < len(names):
        raise ValueError("inputs must be named, each once")
    if len(inputs) > 1 and any(field.shape or field.longest for field in inputs):
        raise ValueError("a picture or a text must be the only input")
    timed = [field.dtype in ("series", "date") for field in inputs]
    if any(timed) and not (all(timed) and any(field.length for field in inputs)):
        raise ValueError("a series goes with series and dates alone, and a date with a series")
    output = _output(_mapping(content.get("output")), kind)
    title, limits = (_short(content.get(key) or "", key) for key in ("title", "limits"))
    return Signature(case, kind, trained_on, inputs, output, title, limits)


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
        allowed=_allowed(item, name, dtype) if item.get("allowed") else (),
        seen=_seen(item, name) if item.get("seen") else (),
        shape=_shape(item) if dtype == "picture" else None,
        longest=_size(item, "longest") if dtype == "text" else None,
        length=_size(item, "length") if dtype == "series" else None,
    )


def _allowed(item: Mapping[str, object], name: str, dtype: str) -> tuple[object, ...]:
    choices = tuple(_list(item, "allowed"))
    kind = str if dtype == "string" else int | float
    if not all(isinstance(choice, kind) and not isinstance(choice, bool) for choice in choices):
        raise ValueError(f"input {name}: allowed must list {'texts' if kind is str else 'numbers'}")
    return choices


def _seen(item: Mapping[str, object], name: str) -> tuple[str, ...]:
    seen = _list(item, "seen")
    if len(seen) > MOST_SEEN:
        raise ValueError(f"input {name}: {len(seen):,} seen values are more than {MOST_SEEN:,}")
    return tuple(_short(value, f"input {name}: a seen value") for value in seen)


def _short(value: object, what: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ValueError(f"{what} must be a text of at most {LONGEST_TEXT:,} characters")
    return value


def _shape(item: Mapping[str, object]) -> Shape:
    height, width, channels = (_size(item, key) for key in Shape._fields)
    if channels not in (1, 3) or item.get("optional") is True:
        raise ValueError("a picture must have 1 or 3 channels, and cannot be optional")
    if height * width > MOST_PIXELS:
        raise ValueError(f"a picture of {height} × {width} pixels has more than {MOST_PIXELS:,}")
    return Shape(height, width, channels)


def _output(item: Mapping[str, object], kind: str) -> Output:
    output = Output(
        name=_text(item, "name"),
        description=str(item.get("description") or ""),
        unit=_text(item, "unit") if item.get("unit") else None,
        threshold=_number(item, "threshold"),
        labels=tuple(str(label) for label in _list(item, "labels")) if item.get("labels") else (),
        horizon=_size(item, "horizon") if kind == "forecast" else None,
        step=str(item.get("step") or ""),
        level=_number(item, "level"),
    )
    if kind == "binary" and (output.threshold is None or len(output.labels) != 2):
        raise ValueError("a binary output needs a threshold and two labels")
    if kind == "multiclass" and len(output.labels) < 2:
        raise ValueError("a multiclass output needs the labels of its classes")
    if len(output.labels) > MOST_LABELS:
        raise ValueError(f"{len(output.labels):,} labels are more than {MOST_LABELS:,}")
    return output


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"expected an object, found {value!r:.80}")
    return value


def _list(item: Mapping[str, object], key: str) -> list[object]:
    value = item.get(key)
    if not isinstance(value, list):
        raise TypeError(f"{key} must be a list, not {value!r:.80}")
    return value


def _text(item: Mapping[str, object], key: str) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key} must be a text, not {value!r:.80}")
    return value


def _number(item: Mapping[str, object], key: str) -> float | None:
    value = item.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"{key} must be a number, not {value!r:.80}")
    if value is not None and abs(value) > sys.float_info.max:
        raise ValueError(f"{key} is beyond what a 64-bit float can hold")
    return None if value is None else float(value)


def _size(item: Mapping[str, object], key: str) -> int:
    value = item.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{key} must be a positive whole number, not {value!r:.80}")
    if value > LARGEST_SIZE:
        raise ValueError(f"{key} must be at most {LARGEST_SIZE:,}, not {value!r:.80}")
    return value
