"""In the full profile a table's report says what more training rows and test rows would bring."""

from pathlib import Path

import pytest

from tests.flows.house import House, house_after

FAST = (
    "--source",
    "sample",
    "--repeats",
    "1",
    "--candidates",
    "support_vectors",
    "--peers",
    "ridge",
    "--sample-rows",
    "100",
)
FULL = (*FAST, "--profile", "full")


@pytest.fixture(scope="module")
def driven(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which the mpg case ran once in full on the sample."""
    return house_after(tmp_path_factory.mktemp("mpg"), prefect_server, "flows.mpg", *FULL)


def page(run: Path) -> str:
    return (run / "report.html").read_text(encoding="utf-8")


def test_the_report_has_the_curve_right_after_the_comparisons(driven: House) -> None:
    run = driven.runs("mpg")[0]
    findings = driven.record(run, "metrics.json")["findings"]
    assert set(findings) == {"learning_curve", "doubling", "test_rows_needed"}
    rows = [point[0] for point in findings["learning_curve"]]
    assert rows == sorted(rows)
    assert findings["test_rows_needed"] > 0
    text = page(run)
    places = [text.index(title) for title in ("Candidates, course", "How much more", "Predicted")]
    assert places == sorted(places)
    assert "rows are needed to show it" in text or "test rows to show" in text
    assert (run / "plots" / "learning_curve.png").is_file()


def test_a_second_run_reuses_the_curve_also_in_korean(driven: House) -> None:
    done = driven.here("flows.mpg", *FULL, "--language", "ko")
    assert done.code == 0, done.err
    run = driven.runs("mpg")[-1]
    assert driven.statuses(run)["learning_curve"] == "reuse"
    text = page(run)
    assert "데이터가 더 있다면" in text
    assert "외삽" in text


def test_other_profiles_have_no_curve(driven: House) -> None:
    done = driven.here("flows.mpg", *FAST, "--profile", "smoke")
    assert done.code == 0, done.err
    run = driven.runs("mpg")[-1]
    assert "learning_curve" not in driven.statuses(run)
    assert "How much more data" not in page(run)
