"""What the service says about its models and itself."""

import json
import re
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from casebook import paths
from serving.app import create_app
from serving.openapi import PROBLEMS
from serving.registry import Registry


def test_models_are_listed_with_their_primary_metric(client: FlaskClient) -> None:
    fraud, mpg = client.get("/v1/models").get_json()["models"]
    assert (fraud["case"], fraud["version"], fraud["trained_on"], fraud["primary_metric"]) == (
        "fraud",
        1,
        "real",
        "auprc",
    )
    assert fraud["score"] == {"value": 0.8, "low": 0.7, "high": 0.9}
    assert (mpg["case"], mpg["version"], mpg["trained_on"]) == ("mpg", 4, "sample")


def test_a_model_is_described(client: FlaskClient) -> None:
    model = client.get("/v1/models/fraud").get_json()
    assert model["signature"]["output"]["threshold"] == 0.31
    assert model["metrics"]["champion"] == "wide"
    assert model["manifest"]["run_id"] == "r1"


def test_health(client: FlaskClient) -> None:
    assert client.get("/health/live").get_json() == {"status": "live"}
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.get_json() == {"status": "ready", "models": {"fraud": 1, "mpg": 4}, "failures": []}


def test_no_model_is_not_ready(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path))
    models = Registry(paths.models())
    models.look()
    client = create_app(models).test_client()
    assert client.get("/health/ready").status_code == 503
    assert "No model is published yet" in client.get("/").text


def test_metrics_count_by_case_and_code(client: FlaskClient) -> None:
    for row in ({"Weight": 1}, {"Weight": 2}, None):
        client.post("/v1/models/mpg:predict", json={"instances": [row]})
    text = client.get("/metrics").text
    assert 'casebook_requests_total{case="mpg",code="200"} 2' in text
    assert 'casebook_requests_total{case="mpg",code="422"} 1' in text
    assert 'casebook_predict_seconds_bucket{case="mpg",le="+Inf"} 3' in text
    assert 'casebook_predict_seconds_count{case="mpg"} 3' in text
    assert 'casebook_model_info{case="mpg",trained_on="sample",version="4"} 1' in text
    pattern = re.compile(r'(# (HELP|TYPE) .+|[a-z_]+\{([a-z_]+="[^"]*",?)*\} [0-9.e+-]+)')
    assert all(pattern.fullmatch(line) for line in text.splitlines())


def test_headers_guard_every_answer(client: FlaskClient) -> None:
    for path in ("/", "/v1/models", "/nothing", "/static/row.js"):
        with client.get(path) as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'self'" in response.headers["Content-Security-Policy"]


def test_openapi_names_exactly_what_is_served(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    rules = {
        re.sub("<(case:)?(case)>", "{case}", rule.rule)
        for rule in client.application.url_map.iter_rules()
    }
    rules -= {"/static/<path:filename>", "/v1/models/{case}:predict"}
    assert set(document["paths"]) == rules | {"/v1/models/fraud:predict", "/v1/models/mpg:predict"}
    post = document["paths"]["/v1/models/fraud:predict"]["post"]
    assert set(post["responses"]) == {"200", *PROBLEMS}
    row = post["requestBody"]["content"]["application/json"]["schema"]["properties"]["instances"][
        "items"
    ]
    assert row["required"] == ["Amount", "Hour", "Sex"]
    assert row["properties"]["Sex"]["enum"] == ["male", "female"]
    assert row["properties"]["Age"]["type"] == ["number", "null"]
    assert json.dumps(document).count("$ref") == 2 * len(PROBLEMS) + 2
    assert "Error" in document["components"]["schemas"]


def test_pages_have_a_labelled_control_per_input(client: FlaskClient) -> None:
    page = client.get("/models/fraud").text
    for number, name in enumerate(("Amount", "Hour", "Age", "Sex"), 1):
        assert f'<label for="field-{number}">{name}' in page
        assert f'id="field-{number}" data-name="{name}"' in page
    assert '<option value="male" selected>' in page
    assert 'min="0.0"' in page and 'max="100.0"' in page
    assert "embedded sample" not in page
    assert "embedded sample" in client.get("/models/mpg").text
    assert 'href="models/fraud"' in client.get("/").text


def test_a_picture_model_is_described(pictures: FlaskClient) -> None:
    colours, mnist, mpg = pictures.get("/v1/models").get_json()["models"]
    assert (colours["kind"], mnist["kind"], mpg["kind"]) == (
        "multiclass",
        "multiclass",
        "regression",
    )
    assert pictures.get("/v1/models/mnist").get_json()["signature"]["inputs"][0]["height"] == 8
    assert pictures.get("/health/ready").status_code == 200


def test_openapi_describes_pictures_and_their_answers(pictures: FlaskClient) -> None:
    file_paths = pictures.get("/openapi.json").get_json()["paths"]
    post = file_paths["/v1/models/mnist:predict"]["post"]
    content = post["requestBody"]["content"]
    assert set(content) == {"application/json", "image/*", "multipart/form-data"}
    rows = content["application/json"]["schema"]["properties"]["instances"]
    assert rows["maxItems"] == 40
    assert [schema["type"] for schema in rows["items"]["properties"]["picture"]["oneOf"]] == [
        "object",
        "string",
    ]
    assert "6 × 8 pixels of grey" in rows["items"]["properties"]["picture"]["description"]
    answer = post["responses"]["200"]["content"]["application/json"]["schema"]["properties"][
        "predictions"
    ]["items"]
    assert answer["required"] == ["label", "probability", "top"]
    assert answer["properties"]["label"]["enum"] == [str(digit) for digit in range(10)]
    assert answer["properties"]["top"]["maxItems"] == 5
    assert set(file_paths["/v1/models/mpg:predict"]["post"]["requestBody"]["content"]) == {
        "application/json"
    }


def test_a_picture_models_page_takes_a_file_and_small_grey_ones_a_drawing(
    pictures: FlaskClient,
) -> None:
    page = pictures.get("/models/mnist").text
    assert '<label for="file">picture' in page and 'id="file" type="file"' in page
    assert '<canvas id="pad" width="60" height="80" tabindex="0"' in page
    assert "/static/picture.js" in page and '<ol id="top"' in page
    sample = re.search('data-picture="([^"]+)"', page)
    body = {"instances": [{"picture": sample and sample[1]}]}
    assert pictures.post("/v1/models/mnist:predict", json=body).status_code == 200
    colours = pictures.get("/models/colours").text
    assert 'id="pad"' not in colours and 'id="file"' in colours


def test_pages_need_nothing_from_elsewhere(pictures: FlaskClient) -> None:
    for path in ("/", "/models/mpg", "/models/mnist"):
        page = pictures.get(path).text
        assert "http://" not in page and "https://" not in page
        for link in re.findall(r'(?:src|href)="([^"#]+)"', page):
            with pictures.get(urljoin(path, link)) as response:
                assert response.status_code == 200
