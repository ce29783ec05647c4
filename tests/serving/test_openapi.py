"""The OpenAPI document is correct.

Schemathesis generates valid and invalid requests from it, and checks every response.
"""

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode

MODES = {"sound": GenerationMode.POSITIVE, "unsound": GenerationMode.NEGATIVE}
NOT_FROM_A_SCHEMA = (
    "image|predict$|(mnist|colours|mpg):predict"  # pictures, and a graph made to overflow
)
TRIED = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("service", ["client", "pictures"])
def test_every_answer_is_as_the_document_says(
    service: str, mode: str, request: pytest.FixtureRequest
) -> None:
    client: FlaskClient = request.getfixturevalue(service)
    described = schemathesis.openapi.from_wsgi("/openapi.json", client.application)
    refused = described.config.checks.negative_data_rejection
    refused.expected_statuses = [*refused.expected_statuses, "413"]
    sound = mode == "sound"
    described = (
        described.exclude(path_regex=NOT_FROM_A_SCHEMA)
        if sound
        else described.include(method="POST")
    )
    count = 0
    for result in described.get_all_operations():
        operation = result.ok()

        @TRIED
        @given(case=operation.as_strategy(generation_mode=MODES[mode]))
        def check(case: schemathesis.Case) -> None:
            nonlocal count
            case.call_and_validate()
            count += 1

        check()
    assert count > 100
