"""Past dates: each runs once, a failure stops no other, and no model replaces a newer one."""

from pathlib import Path

import pytest

from casebook.params import CaseParams
from flows.backfill import parameters
from flows.boston import boston
from samples.boston import make_tracts
from tests.flows.house import Finished, House

PARAMS = 'candidates = ["tuned"]\nepochs = 30\npeers = []\n'


def backfill(
    house: House, folder: Path, first: str = "2026-11-02", last: str = "2026-11-03"
) -> Finished:
    (folder / "params.toml").write_text(PARAMS)
    source = ("--source", f"{folder}/tracts-{{date}}.csv", "--params", str(folder / "params.toml"))
    return house.here(
        "flows.backfill", "--case", "boston", "--first", first, "--last", last, *source
    )


def export(folder: Path, day: str, seed: int) -> None:
    make_tracts(150, seed).to_csv(folder / f"tracts-{day}.csv", index=False)


def statuses(done: Finished) -> list[tuple[str, ...]]:
    return [tuple(line.split()[:2]) for line in done.out.splitlines() if line.startswith("2026-")]


def test_dates_are_run_once_and_the_newest_serves(empty: House, tmp_path: Path) -> None:
    export(tmp_path, "2026-11-03", 3)
    done = backfill(empty, tmp_path)
    done.complains(
        "1 failed, 1 completed. 2026-11-02: ", "tracts-2026-11-02.csv: there is no such file"
    )
    assert statuses(done) == [("2026-11-02", "failed"), ("2026-11-03", "completed")]
    (run,) = empty.runs("boston")
    assert empty.record(run)["parameters"]["date"] == "2026-11-03"
    models = empty.artifacts / "models" / "boston"
    assert empty.record(models / "1", "manifest.json")["date"] == "2026-11-03"

    export(tmp_path, "2026-11-02", 2)
    done = backfill(empty, tmp_path)
    assert done.code == 0, done.err
    assert statuses(done) == [("2026-11-02", "completed"), ("2026-11-03", "skipped")]
    assert run.name in done.out and "the same parameters and data" in done.out
    assert (models / "production").read_text() == "1\n" and (models / "2").is_dir()
    report = (empty.runs("boston")[-1] / "report.html").read_text()
    assert "its data is of 2026-11-02, and that of version 1, which serves, of 2026-11-03" in report

    export(tmp_path, "2026-11-03", 4)
    assert statuses(backfill(empty, tmp_path)) == [
        ("2026-11-02", "skipped"),
        ("2026-11-03", "completed"),
    ]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--case", "dogs", "--source", "{date}.csv"), ("--case dogs", "fraud")),
        (("--case", "boston", "--source", "tracts.csv"), ("--source tracts.csv", "{date}")),
        (("--case", "boston", "--source", "{day}.csv"), ("--source {day}.csv", "{date}")),
        (
            ("--case", "boston", "--source", "{date}.csv", "--first", "2026-12-01"),
            ("comes after the last",),
        ),
        (
            ("--case", "boston", "--source", "{date}.csv", "--params", "no.toml"),
            ("no.toml can't be read",),
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    empty: House, flags: tuple[str, ...], words: tuple[str, ...]
) -> None:
    empty.here("flows.backfill", "--first", "2026-11-01", "--last", "2026-11-02", *flags).complains(
        *words
    )
    assert not empty.runs("boston")


def test_a_wrong_date_is_a_bad_argument(empty: House) -> None:
    done = empty.here(
        "flows.backfill",
        "--case",
        "boston",
        "--source",
        "{date}.csv",
        "--first",
        "soon",
        "--last",
        "x",
    )
    assert done.code == 2 and "--first" in done.err


def test_a_date_may_be_written_otherwise() -> None:
    day = CaseParams.model_validate({"date": "2026-11-01"}).date
    assert day is not None
    assert (
        parameters(boston, day, "in/{date:%Y/%m}/{date:%d}.csv", None).source == "in/2026/11/01.csv"
    )
