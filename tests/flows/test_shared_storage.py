"""Machines share artifacts by URL.

What one machine makes, the other reuses, serves, promotes and cleans up.
"""

import http.client
import json
import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest

from casebook import paths
from tests.conftest import object_store
from tests.flows.house import SMOKE, House, house
from tests.flows.runner import Runner, another, runner

COURSE = (*SMOKE, "--candidates", "course", "--peers")


def machine(
    folder: Path, server: str, url: str, s3: dict[str, str], process: Runner | None = None
) -> House:
    """Return a house of which only the local copy of what is shared is its own."""
    workspace = house(
        folder, server, CASEBOOK_ARTIFACTS=url, CASEBOOK_CACHE=str(folder / "cache"), **s3
    )
    with patch.dict(os.environ, workspace.environment, clear=True):
        return replace(workspace, artifacts=paths.artifacts(), runner=process or runner())


@pytest.fixture(scope="module")
def url(s3: dict[str, str]) -> str:
    import boto3

    name = f"casebook-{uuid4().hex}"
    with patch.dict(os.environ, s3):
        boto3.client("s3").create_bucket(Bucket=name)
    return f"s3://{name}/team"


@pytest.fixture(scope="module")
def first(
    prefect_server: str, tmp_path_factory: pytest.TempPathFactory, url: str, s3: dict[str, str]
) -> House:
    """The machine on which the fraud case ran."""
    workspace = machine(tmp_path_factory.mktemp("first"), prefect_server, url, s3)
    done = workspace.here("flows.fraud", *COURSE)
    assert done.code == 0, done.err
    return workspace


@pytest.fixture(scope="module")
def second(
    first: House,
    prefect_server: str,
    tmp_path_factory: pytest.TempPathFactory,
    url: str,
    s3: dict[str, str],
) -> Iterator[House]:
    """Another machine, on which it ran after that."""
    folder = tmp_path_factory.mktemp("second")
    with another() as process:
        workspace = machine(folder, prefect_server, url, s3, process)
        plan = workspace.here("flows.fraud", *COURSE, "--plan")
        assert plan.code == 0, plan.err
        assert plan.out.count(" reuse ") == 12
        assert not workspace.artifacts.exists()
        done = workspace.here("flows.fraud", *COURSE)
        assert done.code == 0, done.err
        yield workspace


def objects(url: str, s3: dict[str, str]) -> dict[str, Any]:
    """Return all objects under the URL, by their place."""
    import boto3

    name, prefix = url.removeprefix("s3://").split("/")
    with patch.dict(os.environ, s3):
        summaries = boto3.resource("s3").Bucket(name).objects.filter(Prefix=f"{prefix}/")
        return {summary.key.removeprefix(f"{prefix}/"): summary for summary in summaries}


def test_a_second_machine_reuses_every_stage_and_publishes_no_version_again(
    first: House, second: House
) -> None:
    run = second.runs()[-1]
    assert set(second.statuses(run).values()) == {"reuse"}
    assert (
        second.record(run, "metrics.json")["candidates"]
        == first.record(first.runs()[0], "metrics.json")["candidates"]
    )
    assert [path.name for path in (second.artifacts / "models" / "fraud").glob("[0-9]*")] == ["1"]
    assert (second.artifacts / "models" / "fraud" / "1" / "model.onnx").is_file()
    done = second.here("flows.fraud", *COURSE)  # now with what it brought
    assert done.code == 0, done.err
    assert set(second.statuses(second.runs()[-1]).values()) == {"reuse"}


def test_two_machines_that_publish_at_once_take_different_numbers(
    first: House, second: House, url: str, s3: dict[str, str]
) -> None:
    with ThreadPoolExecutor(2) as both:
        done = both.map(
            lambda workspace, cost: workspace.here("flows.fraud", *COURSE, "--cost-missed", cost),
            (first, second),
            ("999", "10"),
        )
    assert [finished.code for finished in done] == [0, 0]
    there = objects(url, s3)
    manifests = [
        json.load(there[f"models/fraud/{version}/manifest.json"].get()["Body"])
        for version in (1, 2, 3)
    ]
    assert len({manifest["bundle"] for manifest in manifests}) == 3
    assert not any(place.startswith("models/fraud/4/") for place in there)
    assert {manifest["run_id"] for manifest in manifests} == {
        first.runs()[0].name,
        first.runs()[-1].name,
        second.runs()[-1].name,
    }


def test_runs_of_both_machines_are_compared_on_one(first: House, second: House) -> None:
    done = second.here("flows.compare", "fraud", first.runs()[0].name, second.runs()[-1].name)
    assert done.code == 0, done.err
    assert "cost_missed" in Path(done.out.split()[-1]).read_text(encoding="utf-8")


@pytest.fixture
def service(second: House) -> Iterator[int]:
    """The port of a service on the second machine."""
    command = second.command("serving", "--port", "0", "--processes", "2", "--log", "warning")
    with subprocess.Popen(
        command, cwd=paths.project(), env=second.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        match = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert match
        yield int(match[1])
        process.terminate()


def ask(port: int, rows: list[Any]) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"instances": rows})
    connection.request(
        "POST", "/v1/models/fraud:predict", body, {"Content-Type": "application/json"}
    )
    response = connection.getresponse()
    content = json.loads(response.read())
    connection.close()
    return response.status, content


def serves(port: int, version: int, rows: list[Any]) -> Any:
    """Wait until both processes answer from a version; return an answer."""
    seen = 0
    for _ in range(1200):
        status, content = ask(port, rows)
        seen = seen + 1 if status == 200 and content["model"]["version"] == version else 0
        if seen == 10:
            return content
        Event().wait(0.05)
    raise AssertionError(content)


def test_a_service_answers_from_what_another_machine_promotes_and_rolls_back(
    first: House, second: House, service: int
) -> None:
    version = first.artifacts / "models" / "fraud" / "1"
    rows = json.loads((version / "sample_request.json").read_text())["instances"]
    assert ask(service, rows)[0] == 404
    assert first.here("flows.promote", "fraud", "1").code == 0
    answers = serves(service, 1, rows)["predictions"]
    expected = json.loads((version / "sample_response.json").read_text())["predictions"]
    for answer, stored in zip(answers, expected, strict=True):
        assert answer["probability"] == pytest.approx(stored["probability"], abs=1e-6)
    assert first.here("flows.promote", "fraud", "3").code == 0
    serves(service, 3, rows)
    done = second.here("flows.rollback", "fraud")
    assert done.code == 0, done.err
    serves(service, 1, rows)
    # none served before version 1, both know
    assert first.here("flows.rollback", "fraud").code == 1


def test_a_file_altered_there_is_found_by_its_hash_and_made_again(
    first: House, prefect_server: str, tmp_path: Path, url: str, s3: dict[str, str]
) -> None:
    there = objects(url, s3)
    place = next(
        place for place in there if re.fullmatch(r"store/fraud/split-0/.*/test\.parquet", place)
    )
    sound = there[place].get()["Body"].read()
    there[place].put(Body=b"altered")
    third = machine(tmp_path, prefect_server, url, s3)
    done = third.here("flows.fraud", *COURSE)
    assert done.code == 0, done.err
    record = third.record(third.runs()[0])
    why = {
        stage["stage"]: stage["why"]
        for stage in record["stages"]
        if stage["status"] == "run" and stage["key"]
    }
    assert why == {
        "split-0": f"test.parquet was altered at {url}/{place.removesuffix('/test.parquet')}"
    }
    assert objects(url, s3)[place].get()["Body"].read() == sound


def test_a_network_lost_in_a_run_is_told_and_the_next_run_shares_what_was_made(
    prefect_server: str, tmp_path: Path
) -> None:
    import boto3

    with ThreadPoolExecutor(1) as beside:
        with object_store() as s3, patch.dict(os.environ, s3):
            boto3.client("s3").create_bucket(Bucket="lost")
            url = "s3://lost/team"
            only = machine(tmp_path, prefect_server, url, {**s3, "AWS_MAX_ATTEMPTS": "1"})
            running = beside.submit(only.here, "flows.fraud", *COURSE)
            while not any(
                re.fullmatch(r"store/fraud/clean/.*/manifest\.json", place)
                for place in objects(url, s3)
            ):
                assert not running.done(), running.result().err
                Event().wait(0.05)
        running.result().complains(url, "AWS_ENDPOINT_URL", str(only.artifacts))
    with object_store(int(s3["AWS_ENDPOINT_URL"].rsplit(":", 1)[1])):
        done = only.here("flows.fraud", *COURSE)
        there = objects(url, s3)
    assert done.code == 0, done.err
    assert only.statuses(only.runs()[-1])["clean"] == "reuse"
    for stage in only.record(only.runs()[-1])["stages"]:
        assert (
            not stage["key"]
            or f"store/fraud/{stage['stage']}/{stage['key']}/manifest.json" in there
        )
    assert {f"runs/fraud/{run.name}/manifest.json" for run in only.runs()} < set(there)


def test_cleaning_up_on_one_machine_cleans_what_is_shared(
    first: House, second: House, url: str, s3: dict[str, str]
) -> None:
    before = objects(url, s3)
    done = second.here("flows.clean_up", "--keep-runs", "1")
    assert done.code == 0, done.err
    after = objects(url, s3)
    published = {first.runs()[0].name, first.runs()[-1].name}
    last = max(place.split("/")[2] for place in before if place.startswith("runs/fraud/"))
    kept = {place.split("/")[2] for place in after if place.startswith("runs/fraud/")}
    assert published < kept and last in kept
    used = {
        stage["key"]
        for stage in json.load(before[f"runs/fraud/{last}/run.json"].get()["Body"])["stages"]
    }
    assert {place.split("/")[3] for place in after if place.startswith("store/")} == used - {""}
    assert {place for place in after if place.startswith("models/")} == {
        place for place in before if place.startswith("models/")
    }
