"""What the UI makes forms of: flat, with a description of everything, and strict."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from prefect import exceptions

from tests.deployments.flow_files import DEPLOYED

CASES = [name for name in DEPLOYED if not hasattr(import_module(f"flows.{name}"), "operation")]


def flow(name: str) -> Any:
    module = import_module(f"flows.{name}")
    return getattr(module, "operation", None) or getattr(module, name)


def form(name: str) -> dict[str, Any]:
    """Return the schema that Prefect's UI and server know a deployment's parameters by."""
    from prefect.utilities.callables import parameter_schema

    return parameter_schema(flow(name).flow).model_dump()


@pytest.mark.parametrize("name", sorted(set(DEPLOYED) - set(CASES)))
def test_an_operation_describes_itself_and_every_parameter(name: str) -> None:
    assert re.fullmatch(r"[^\n]+\.", flow(name).flow.description)
    for field in form(name)["properties"].values():
        assert field["description"]


@pytest.mark.parametrize("name", CASES)
def test_a_case_has_one_flat_form_whose_defaults_are_valid(name: str) -> None:
    schema = form(name)
    (model,) = schema["definitions"].values()
    assert schema["required"] == []
    for field in model["properties"].values():
        assert field["description"] and "$ref" not in str(field)
    flow(name).flow.validate_parameters({"params": schema["properties"]["params"]["default"]})


def test_values_come_as_the_form_sends_them() -> None:
    given = {"case": "fraud", "input": "rows.csv", "output": "out", "version": 3}
    read = flow("score").flow.validate_parameters(given)
    assert (read["input"], read["version"]) == (Path("rows.csv"), 3)
    # and so is what is left out
    assert (
        flow("monitor").flow.validate_parameters({"case": "fraud", "input": None})["input"] is None
    )
    assert flow("monitor").flow.validate_parameters({"case": "fraud"})["hours"] == 24
    assert flow("monitor").flow.validate_parameters({"case": "fraud", "input": "a.csv"})[
        "input"
    ] == Path("a.csv")


@pytest.mark.parametrize(
    "wrong", [{"case": "fraud", "version": "three"}, {"version": 3}, {"case": "a", "versoin": 3}]
)
def test_a_value_of_another_kind_is_refused(wrong: dict[str, Any]) -> None:

    with pytest.raises((exceptions.ParameterTypeError, exceptions.SignatureMismatchError)):
        flow("promote").flow.validate_parameters(wrong)
