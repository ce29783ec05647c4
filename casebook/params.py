"""A case's parameters: one flat pydantic model per case.

The model is the case's command line and its form in the Prefect UI.
"""

import argparse
import datetime
import types
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from casebook import outside
from casebook.cluster import LOCAL, PATTERN
from casebook.errors import CasebookError
from casebook.language import Language

Profile = Literal["smoke", "standard", "full"]
FIRST = ("profile", "source")  # that everybody sets
OWN = "this case"  # the heading of what one case alone has
MOST_SHOWN = 80  # characters of a wrong value
SYMBOLS = {Ge: "at least", Gt: "over", Le: "at most", Lt: "under"}


def groups(model: type[BaseModel]) -> dict[str, list[str]]:
    """Return the fields in order of use, under headings.

    A field stands under the `heading` of the class that declares it first. What is closest to the
    case comes first, and what every case has last, but for the fields in `FIRST`.

    Examples
    --------
    >>> list(groups(CaseParams))
    ['data and size', 'running']
    """
    classes = [kind for kind in model.__mro__ if issubclass(kind, BaseModel)]
    headings = {"data and size": [name for name in FIRST if name in model.model_fields]}
    for kind in classes:
        headings.setdefault(kind.__dict__.get("heading", OWN), [])
    for name in model.model_fields:
        if name not in FIRST:
            first = next(kind for kind in reversed(classes) if name in kind.model_fields)
            headings[first.__dict__.get("heading", OWN)].append(name)
    return {heading: names for heading, names in headings.items() if names}


def _in_order_of_use(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Let a form ask for the fields in the order of their groups."""
    order = [name for names in groups(model).values() for name in names]
    schema["properties"] = {name: schema["properties"][name] for name in order}


class CaseParams(BaseModel):
    """The parameters common to all cases.

    A case adds its own fields, each with a description, a default and limits. A class whose fields
    belong together names them by its `heading`.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, json_schema_extra=_in_order_of_use
    )
    heading: ClassVar[str] = "running"

    profile: Profile = Field(
        "standard",
        description="smoke: seconds; standard: one honest split, or ten folds of a small table; "
        "full: all folds",
    )
    source: str = Field(
        "auto", description="auto, real, sample, or the path of a data file or its folder"
    )
    language: Language = Field("en", description="of the report: English or Korean")
    date: datetime.date | None = Field(
        None,
        description="the day that the data is of: a model of an earlier day than the serving "
        "one's only waits",
    )
    seed: Annotated[int, Field(ge=0, le=2**31 - 1, description="fixes every random choice")] = 0
    runner: str = Field(
        LOCAL,
        pattern=PATTERN,
        description="where folds, candidates and trials are trained: local, or dask://host:port",
    )
    trust_columns: tuple[str, ...] = Field(
        (),
        description="columns to go on with though one alone nearly decides the answer; the report "
        "says so",
    )
    refresh: bool = Field(
        False, description="make everything anew instead of reusing stored stages"
    )


def add_flags(parser: argparse.ArgumentParser, model: type[BaseModel]) -> None:
    """Add one flag per field of `model`.

    A list takes several words, a boolean field takes none.

    Examples
    --------
    A flag that was not given is None, whatever its default, so that a file may give it.

    >>> parser = argparse.ArgumentParser()
    >>> add_flags(parser, CaseParams)
    >>> given = parser.parse_args(["--trust-columns", "id", "day", "--no-refresh"])
    >>> given.trust_columns, given.refresh, given.seed
    (['id', 'day'], False, None)
    """
    for heading, names in groups(model).items():
        group = parser.add_argument_group(heading)
        for name in names:
            _add_flag(group, name, model.model_fields[name])


def _add_flag(group: argparse._ArgumentGroup, name: str, field: FieldInfo) -> None:
    flag = "--" + name.replace("_", "-")
    about = f"{field.description or ''} ({_limits(field)}default: {_shown(field.default)})"
    text = about.replace("%", "%%")
    if field.annotation is bool:
        group.add_argument(
            flag, dest=name, action=argparse.BooleanOptionalAction, default=None, help=text
        )
        return
    many: dict[str, Any] = {"nargs": "*"} if get_origin(field.annotation) is tuple else {}
    metavar = name.rsplit("_", 1)[-1].upper()
    group.add_argument(flag, dest=name, default=None, help=text, metavar=metavar, **many)


def parse(model: type[BaseModel], given: dict[str, Any], file: Path | None = None) -> BaseModel:
    """Build the parameters from the given flags, and from a file, if there is one, for the others.

    Raises
    ------
    ValueError
        One line per fault, each naming its flag or the file, and what would be allowed.

    Examples
    --------
    >>> parse(CaseParams, {"seed": "7", "profile": None}).model_dump(include={"seed", "profile"})
    {'profile': 'standard', 'seed': 7}
    >>> parse(CaseParams, {"seed": "-1"})
    Traceback (most recent call last):
    ValueError: --seed -1: input should be greater than or equal to 0
    """
    flags = {name: value for name, value in given.items() if value is not None}
    values = (
        _valid(model, read_params(file), str(file)).model_dump(exclude_unset=True) if file else {}
    )
    return _valid(model, {**values, **flags})


def read_params(path: Path) -> dict[str, Any]:
    """Return the names and values in a TOML file or, if it is called so, a JSON file.

    Raises
    ------
    ValueError
        There is no such file, or it isn't made of names and values.
    """
    parse = outside.parse_json if path.suffix.lower() == ".json" else outside.parse_toml
    try:
        values = parse(outside.read_text(path), path)
    except CasebookError as error:
        raise ValueError(f"--params {error}") from None
    if not isinstance(values, dict):
        raise ValueError(f"--params {path} holds no names and values")
    return values


def _valid(model: type[BaseModel], values: dict[str, Any], file: str = "") -> BaseModel:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = error.errors()
        lists = [
            fault["loc"][:-1] for fault in faults if len(fault["loc"]) > 1
        ]  # too short for want of what is wrong
        own = (fault for fault in faults if fault["loc"] not in lists)
        raise ValueError("\n".join(_fault(model, fault, file) for fault in own)) from None


def _fault(model: type[BaseModel], fault: Any, file: str) -> str:
    name = str(fault["loc"][0]) if fault["loc"] else "parameters"
    where = f"{file}: " if file else ""
    if name not in model.model_fields:
        return f"{where}{name}: unknown; there are {', '.join(model.model_fields)}"
    shown = name if file else "--" + name.replace("_", "-")
    message = fault["msg"].removeprefix("Value error, ")
    return f"{where}{shown} {_short(fault['input'])}: {message[0].lower()}{message[1:]}"


def _short(value: object) -> str:
    """Return a wrong value as a message shows it: on one line, and not with all of 5,000 digits."""
    try:
        text = " ".join(str(value).split())
    except ValueError:  # Python writes no integer of over 4,300 digits
        return "an integer of over 4,300 digits"
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"


def _limits(field: FieldInfo) -> str:
    choices = dict.fromkeys(_choices(field.annotation))
    if choices:
        return "one of " + ", ".join(map(str, choices)) + "; "
    words = [
        f"{SYMBOLS[type(m)]} {next(iter(vars_of(m)))}" for m in field.metadata if type(m) in SYMBOLS
    ]
    return " and ".join(words) + "; " if words else ""


def vars_of(limit: object) -> tuple[object, ...]:
    """Return the value of an annotated limit such as `Ge(ge=1)`."""
    return tuple(getattr(limit, name) for name in ("ge", "gt", "le", "lt") if hasattr(limit, name))


def _choices(kind: Any) -> tuple[object, ...]:
    if get_origin(kind) is Literal:
        return get_args(kind)
    if get_origin(kind) in (tuple, Union, types.UnionType):
        return tuple(choice for part in get_args(kind) for choice in _choices(part))
    return ()


def _shown(value: object) -> str:
    return " ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)
