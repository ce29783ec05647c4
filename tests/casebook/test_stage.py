from pathlib import Path
from typing import Any

import pytest

from casebook import files, store
from casebook.run import Run, under_way
from casebook.stage import Stage, decide, key_parts, stage
from casebook.store import Facts, Ref
from tasks.calibrate import Rule
from tasks.derive import HourOfDay, Log

PREFIX = "-"


@stage
def double(out: Path, source: str, times: int = 2) -> Facts:
    """Repeat a word."""
    (out / "word.txt").write_text(PREFIX + source * times, encoding="utf-8")
    return {"times": times}


def parts(*args: Any, **kwargs: Any) -> dict[str, str]:
    return dict(key_parts(double.fn, args, kwargs))


def make(run: Run, made: dict[str, str]) -> Ref:
    ref = Ref(case=run.case, stage="double", key=store.key_of(made))
    with files.new_folder(ref.folder) as out:
        facts = double.fn(out, "a")
        store.seal(out, run.case, "double", made, facts, {"seconds": 1.0, "peak_memory_mb": None, "made_at": "2026"})
    (ref.folder / store.RESULT).write_text("{}")
    return ref


@pytest.fixture
def run(artifacts: Path) -> Run:
    return Run("toy", Rule())


def test_a_key_depends_on_arguments_defaults_and_values() -> None:
    assert parts("a") == parts("a", 2) == parts(source="a", times=2)
    assert parts("a") != parts("b")
    assert parts("a")["times"] == "2"
    assert "code" in parts("a")


def test_values_of_the_project_bring_their_code_into_the_key() -> None:
    hour = dict(key_parts(double.fn, (HourOfDay("t", "h"),), {}))["source"]
    log = dict(key_parts(double.fn, (Log("t", "h"),), {}))["source"]
    assert hour.split()[-1] != log.split()[-1]
    assert dict(key_parts(double.fn, (Rule(beta=2),), {})) != dict(key_parts(double.fn, (Rule(beta=1),), {}))


def test_a_stage_is_reused_only_while_its_files_are_whole(run: Run) -> None:
    made = parts("a")
    ref = make(run, made)
    assert decide(run, ref, made).status == "reuse"
    ref.path("word.txt").write_text("altered")
    assert decide(run, ref, made).why == "word.txt was altered"
    ref.path("word.txt").unlink()
    assert decide(run, ref, made).why == "word.txt is gone"


def test_a_result_that_was_cut_short_is_not_trusted(run: Run) -> None:
    made = parts("a")
    ref = make(run, made)
    (ref.folder / store.RESULT).write_text('{"half":')
    assert decide(run, ref, made).status == "run"


def test_a_plan_names_what_changed_and_runs_nothing(run: Run) -> None:
    make(run, parts("a"))
    changed = parts("b")
    why = decide(run, Ref(case="toy", stage="double", key=store.key_of(changed)), changed).why
    assert why == "source changed"
    run.planning = True
    with under_way(run):
        ref = double("c", 3)
    assert ref.pending
    assert not ref.folder.exists()
    assert [stage.why for stage in run.stages] == ["source, times changed"]


def test_a_fresh_run_is_made_when_asked_for(run: Run) -> None:
    made = parts("a")
    ref = make(run, made)
    run.refresh = True
    assert decide(run, ref, made).status == "run"


def test_a_stage_travels_to_another_process_by_name() -> None:
    rebuild, name = double.called("x").__reduce__()  # what the spare process is sent
    named = rebuild(*name)
    assert isinstance(named, Stage)
    assert named.fn is double.fn
