"""Cases and operations as an operator runs them: by the UI's form, by command, and by schedule."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.deployments.pages import green, visiting
from tests.deployments.stand import SMOKE, Stand, until
from tests.rehearsal.browse import field, fill, open_form, send, start_run, submit

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def page(stand: Stand) -> Iterator[Page]:
    with visiting(stand) as page:
        yield page


@pytest.fixture(scope="session")
def first(stand: Stand) -> str:
    """Return the id of a run of fraud on the sample that ended well.

    A person started it by filling in the form.
    """
    with visiting(stand) as page:
        run = start_run(
            page, stand.url, "fraud", {"Source": SMOKE["source"]}, {"Profile": SMOKE["profile"]}
        )
    return str(stand.ended(str(run))["id"])


def test_a_run_from_the_form_is_seen_with_graph_log_progress_and_report(
    stand: Stand, first: str, page: Page
) -> None:
    from playwright.sync_api import expect

    page.goto(f"{stand.url}/runs/flow-run/{first}")
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    graph = page.locator("canvas").first
    until(lambda: green(graph.screenshot()) > 0.01, page.content)
    # a line of our own log
    expect(page.get_by_text("sample data from the embedded sample").first).to_be_visible()
    page.get_by_text("Artifacts", exact=True).click()
    page.locator("a", has_text="fraud-report").first.click()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=stand.reports).click()
    expect(opened.value.locator("h1").first).to_have_text("Credit card fraud detection")


def test_a_run_behaves_as_the_command_does(stand: Stand, first: str) -> None:
    (folder,) = (stand.artifacts / "runs" / "fraud").glob("*")
    record = json.loads((folder / "run.json").read_text())
    assert record["status"] == "completed"
    assert {name: record["parameters"][name] for name in SMOKE} == SMOKE
    stand.until_said(first, "train-course-0")
    shown = {artifact["type"]: artifact for artifact in stand.shown(first)}
    assert {"validation-creditcard", "fraud-figures", "fraud-report"} <= {
        artifact["key"] for artifact in stand.shown(first)
    }
    assert {"progress", "table", "markdown"} <= shown.keys()
    assert [
        artifact["data"] for artifact in stand.shown(first) if artifact["type"] == "progress"
    ].count(100.0) > 0
    assert f"{stand.reports}/fraud/{folder.name}/report.html" in shown["markdown"]["data"]


def test_what_the_model_forbids_is_refused_in_the_form(stand: Stand, page: Page) -> None:
    open_form(page, stand.url, "fraud")
    fill(page, "Seed", "-3")
    before = stand.requested_runs("fraud")
    send(page)
    page.get_by_text("-3 is less than the minimum of 0").first.wait_for()
    assert stand.requested_runs("fraud") == before


def test_a_run_by_command_reuses_what_was_made(stand: Stand, first: str) -> None:
    words = (
        "run",
        "fraud/fraud",
        "--param",
        f"params={json.dumps(SMOKE)}",
        "--flow-run-name",
        "by-command",
    )
    done = stand.command("prefect", "deployment", *words)
    assert done.returncode == 0, done.stderr
    (run,) = stand.runs("fraud", name={"any_": ["by-command"]})
    assert run["parameters"] == {"params": SMOKE}
    stand.ended(run["id"])
    stand.until_said(run["id"], "reused")


def test_a_schedule_starts_a_run(stand: Stand, first: str) -> None:
    schedules = f"/deployments/{stand.deployment('fraud')['id']}/schedules"
    soon = {
        "interval": 86400,
        "anchor_date": (datetime.now(UTC) + timedelta(seconds=10)).isoformat(),
    }
    given = {"schedule": soon, "active": True, "slug": "soon", "parameters": {"params": SMOKE}}
    (schedule,) = stand.ask(schedules, [given])
    try:
        run = until(lambda: scheduled(stand), stand.log)
        assert stand.ended(run["id"])["auto_scheduled"]
    finally:
        stand.ask(f"{schedules}/{schedule['id']}", method="DELETE")


def scheduled(stand: Stand) -> Any:
    """Return the run that the schedule of a moment ago made; the nightly ones are on real data."""
    return next(
        (
            run
            for run in stand.runs("fraud")
            if run["auto_scheduled"] and run["parameters"]["params"] == SMOKE
        ),
        None,
    )


def test_nights_are_scheduled_on_real_data(stand: Stand) -> None:
    nights = until(
        lambda: [run for run in stand.runs("boston") if run["auto_scheduled"]], stand.log
    )
    assert {run["parameters"]["params"]["source"] for run in nights} == {"real"}


def test_of_two_at_once_the_one_that_was_asked_for_waits_and_the_nightly_one_is_cancelled(
    stand: Stand, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    parameters = {"params": {"go": str(go)}}
    busy = stand.start("patient", parameters)
    stand.until(busy, "RUNNING")
    click = stand.start("patient", parameters)
    # known by this tag; a run by a schedule that is younger than five minutes is told of by the
    # server only much later
    night = stand.start("patient", parameters, tags=["auto-scheduled"])
    assert (
        stand.until(night, "CANCELLED", "RUNNING")["message"]
        == "Another run of this deployment was under way."
    )
    stand.until(click, "AwaitingConcurrencySlot")
    assert stand.run(busy)["state"]["type"] == "RUNNING"
    go.touch()
    ended = stand.ended(busy)
    assert stand.ended(click)["start_time"] >= ended["end_time"]


def test_an_operation_from_its_form(stand: Stand, first: str, page: Page, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    open_form(page, stand.url, "monitor")
    expect(field(page, "threshold")).to_contain_text(
        "the population stability index from which a quantity has moved"
    )
    fill(page, "case", "fraud")
    fill(page, "input", str(rows(stand, tmp_path)), kind="path")
    fill(page, "version", "1", kind="int")
    run = str(submit(page)["id"])
    stand.ended(run)
    (shown,) = (artifact for artifact in stand.shown(run) if artifact["key"] == "monitor")
    assert "fraud version 1" in shown["description"]
    assert f"{stand.reports}/monitor/" in shown["data"]


def rows(stand: Stand, folder: Path) -> Path:
    """Write the rows that were published with the model as a table, many times over."""
    sample = json.loads(
        (stand.artifacts / "models" / "fraud" / "1" / "sample_request.json").read_text()
    )["instances"]
    with (folder / "rows.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(sample[0]))
        table.writeheader()
        table.writerows(sample * 100)
    return folder / "rows.csv"


def test_what_an_operation_refuses_is_told_in_a_paragraph(stand: Stand) -> None:
    state = stand.until(
        stand.start("promote", {"case": "dogs", "version": 1}), "FAILED", "COMPLETED"
    )
    assert state["type"] == "FAILED" and "dogs" in state["message"]


def test_registered_again_what_was_set_in_the_ui_stays(stand: Stand) -> None:
    path = f"/deployments/{stand.deployment('boston')['id']}/schedules"
    (nightly,) = stand.ask(path)
    stand.ask(f"{path}/{nightly['id']}", {"active": False}, method="PATCH")
    stand.ask(path, [{"schedule": {"cron": "5 5 * * *"}, "active": True}])
    stand.ask("/work_pools/local/queues/cases", {"concurrency_limit": 5}, method="PATCH")
    done = stand.command("deployments", "register")
    assert done.returncode == 0, done.stderr
    assert {(entry["schedule"]["cron"], entry["active"]) for entry in stand.ask(path)} == {
        (nightly["schedule"]["cron"], False),
        ("5 5 * * *", True),
    }
    assert stand.ask("/work_pools/local/queues/cases")["concurrency_limit"] == 5
    assert len(stand.ask("/automations/filter", {})) == len(
        {entry["name"] for entry in stand.ask("/automations/filter", {})}
    )


def test_sigterm_ends_all_of_it_and_the_run_is_known_as_crashed(
    stand: Stand, tmp_path: Path
) -> None:
    run = stand.start("patient", {"params": {"go": str(tmp_path / "never")}})
    stand.until(run, "RUNNING")
    everything = psutil.Process(stand.process.pid).children(recursive=True)
    assert len(everything) >= 4  # server, reports, worker, run
    stand.process.terminate()
    assert stand.process.wait() == 0
    assert not [process for process in everything if process.is_running()]
    with closing(sqlite3.connect(stand.artifacts / "prefect" / "prefect.db")) as database:
        rows = database.execute("select state_type from flow_run where id = ?", (run,)).fetchall()
    assert rows == [("CRASHED",)]
