"""The OpenAPI document is true: schemathesis makes requests from it, sound and unsound, and checks every answer."""

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode

MODES = {"sound": GenerationMode.POSITIVE, "unsound": GenerationMode.NEGATIVE}
NOT_FROM_A_SCHEMA = "image|predict$|(mnist|colours|mpg):predict"  # pictures, and a graph made to overflow
TRIED = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("service", ["client", "pictures"])
def test_every_answer_is_as_the_document_says(service: str, mode: str, request: pytest.FixtureRequest) -> None:
    client: FlaskClient = request.getfixturevalue(service)
    client.application.config["MAX_CONTENT_LENGTH"] = 8 * 2**20  # as served; a 413 counts as no refusal to schemathesis
    described = schemathesis.openapi.from_wsgi("/openapi.json", client.application)
    sound = mode == "sound"
    described = described.exclude(path_regex=NOT_FROM_A_SCHEMA) if sound else described.include(method="POST")
    asked = 0
    for found in described.get_all_operations():
        operation = found.ok()

        @TRIED
        @given(case=operation.as_strategy(generation_mode=MODES[mode]))
        def check(case: schemathesis.Case) -> None:
            nonlocal asked
            case.call_and_validate()
            asked += 1

        check()
    assert asked > 100
