"""What was run and what serves is listed, without a server, whatever a run left behind."""

from pathlib import Path
from typing import Any

import pytest

from casebook import files, paths
from casebook.registry import point
from flows import models, runs, site
from tests.tasks.publication.shop import release


def figure(value: float) -> dict[str, Any]:
    return {"ours": {"auprc": {"value": value, "low": value - 0.1, "high": value + 0.05}}}


def leave_run(case: str, run_id: str, value: float | None = None, **record: object) -> Path:
    folder = paths.runs(case) / run_id
    content: dict[str, object] = {"status": "completed", "seconds": 12.4, **record}
    files.write_json(folder / "run.json", {"parameters": {"profile": "standard"}, **content})
    if value is not None:
        judged = {"champion": "ours", "primary_metric": "auprc", "candidates": figure(value)}
        files.write_json(folder / "metrics.json", {"data": {"source": "real"}, **judged})
        files.write_text(folder / "report.html", "<h1>report</h1>")
    return folder


def test_runs_are_listed_with_their_figures_the_newest_first(
    artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_run("fraud", "20260101T000000-a", 0.8)
    leave_run(
        "fraud", "20260102T000000-b", 0.91234, published={"version": 3, "serves": True, "why": ""}
    )
    leave_run("fraud", "20260103T000000-c", status="failed")
    assert runs.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "fraud"
    assert [line.split()[0][-1] for line in lines[1:4]] == ["c", "b", "a"]
    assert "AUPRC 0.912 (0.812 to 0.962)" in lines[2] and lines[2].endswith("version 3 served")
    assert "failed" in lines[1]
    assert lines[-1] == str(artifacts / "index.html")


def test_the_page_links_reports_and_draws_the_figures_of_all_runs(artifacts: Path) -> None:
    for day, value in enumerate((0.8, 0.9), 1):
        leave_run("fraud", f"2026010{day}T000000-a", value)
    assert runs.main(["fraud", "--language", "ko"]) == 0
    page = (artifacts / "index.html").read_text(encoding="utf-8")
    assert '<a href="runs/fraud/20260102T000000-a/report.html">' in page
    assert (artifacts / "runs/fraud/20260102T000000-a/report.html").is_file()
    assert 'points="4.0,40.0 216.0,4.0"' in page
    assert "실행(최근 순)" in page


def test_a_damaged_run_is_named_and_hides_no_other(
    artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_run("fraud", "20260101T000000-a", 0.8)
    (leave_run("fraud", "20260102T000000-b") / "run.json").write_text("{")
    assert runs.main(["fraud"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[1].split() == ["20260102T000000-b", "damaged"]
    assert "20260101T000000-a" in said


def test_a_case_without_runs_is_told_with_those_that_have_some(
    artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_run("fraud", "20260101T000000-a")
    assert runs.main(["frau"]) == 1
    assert "no run of frau here. Cases with runs: fraud." in capsys.readouterr().err


def test_versions_are_listed_and_the_one_that_serves_is_marked(
    artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release(1)
    release(2)
    point("shop", 1)
    assert models.main(["shop"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "shop"
    assert lines[1].startswith("  2  -       trained on real data")
    assert lines[2].startswith("  1  serves  trained on real data")


def test_a_version_with_damaged_metrics_hides_no_other(
    artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release(1)
    (paths.models("shop") / "1" / "metrics.json").write_text("{")
    release(2)
    assert models.main([]) == 0
    said = capsys.readouterr().out
    assert "metrics.json is damaged" in said and "  2  -" in said


def test_nothing_published_is_told(artifacts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models.main([]) == 1
    assert "No version is published here. Run a case first" in capsys.readouterr().err


def test_a_site_has_the_pages_and_nothing_else(
    artifacts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = leave_run("fraud", "20260101T000000-a", 0.8)
    (run / "validation.html").write_text("<h1>checks</h1>")
    place = tmp_path / "public"
    for _ in range(2):  # a site is replaced
        assert site.main([str(place)]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["3 pages", str(place / "index.html")]
    written = sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())
    assert written == [
        ".casebook-site",
        "index.html",
        "runs/fraud/20260101T000000-a/report.html",
        "runs/fraud/20260101T000000-a/validation.html",
    ]
    assert 'href="runs/fraud/20260101T000000-a/report.html"' in (place / "index.html").read_text()


def test_a_folder_of_something_else_is_no_place_for_a_site(
    artifacts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_run("fraud", "20260101T000000-a", 0.8)
    kept = tmp_path / "photos" / "me.jpg"
    kept.parent.mkdir()
    kept.write_bytes(b"a photo")
    assert site.main([str(kept.parent)]) == 1
    assert "holds something else than a site" in capsys.readouterr().err
    assert site.main([str(kept)]) == 1
    assert kept.read_bytes() == b"a photo"
