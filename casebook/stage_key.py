"""Stage key: everything that a stage's output depends on, as named strings."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from casebook.catalog import data_set
from casebook.fingerprint import fingerprint, library_versions, reaches
from casebook.store import Ref

JSON: TypeAdapter[object] = TypeAdapter(object)
OF_EVERY_CASE = ("trust_columns",)  # parameters that reach stages without a flow's handing them on


def set_for(fn: Callable[..., object], params: BaseModel) -> dict[str, Any]:
    """Return the run's values of parameters that every case has, as far as a stage takes them."""
    taken = inspect.signature(fn).parameters
    return {
        name: getattr(params, name)
        for name in OF_EVERY_CASE
        if name in taken and hasattr(params, name)
    }


def key_parts(
    fn: Callable[..., object], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield everything that a stage's output depends on, as named strings.

    `--plan` compares and explains these strings.
    """
    code, libraries = fingerprint(fn)
    yield "code", code
    bound = inspect.signature(fn).bind(Path(), *args, **kwargs)
    bound.apply_defaults()
    for name, value in list(bound.arguments.items())[1:]:
        text, used = _describe(value)
        libraries = (*libraries, *used)
        yield name, text
    if reaches(fn, data_set):
        for name in sorted(set(_data_sets(bound.arguments))):
            yield f"catalog {name}", data_set(name).model_dump_json()
    for library, version in library_versions(tuple(sorted(set(libraries)))).items():
        yield f"library {library}", version


def refs_in(values: Iterable[object]) -> Iterator[Ref]:
    """Yield the references among values, also inside lists and mappings."""
    for value in values:
        if isinstance(value, Ref):
            yield value
        elif isinstance(value, Mapping):
            yield from refs_in(value.values())
        elif isinstance(value, (list, tuple)):
            yield from refs_in(value)


def _data_sets(arguments: Mapping[str, Any]) -> Iterator[str]:
    """Yield the data sets that a call is about.

    What it reads of them in the catalog is part of its key.
    """
    named = [
        arguments.get("dataset"),
        *(getattr(value, "dataset", None) for value in arguments.values()),
    ]
    of_inputs = [ref.facts.get("dataset") for ref in refs_in(arguments.values())]
    yield from (name for name in (*named, *of_inputs) if isinstance(name, str))


def _describe(value: object) -> tuple[str, tuple[str, ...]]:
    """Return an argument as text that changes with its content, and the libraries it depends on."""
    if isinstance(value, Ref):
        return (value.sha256 or "pending") + value.within, ()
    if callable(value) and not isinstance(value, BaseModel):
        return fingerprint(value)
    if isinstance(value, Mapping):
        value = sorted(value.items())
    if is_dataclass(value) or isinstance(value, BaseModel):
        kind: type = type(value)
        code, libraries = fingerprint(kind)
        return f"{JSON.dump_json(value).decode()} {code}", libraries
    if isinstance(value, (list, tuple)):
        described = [_describe(item) for item in value]
        return repr([text for text, _ in described]), tuple(
            name for _, names in described for name in names
        )
    return JSON.dump_json(value).decode(), ()
