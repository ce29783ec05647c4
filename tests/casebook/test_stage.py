import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from casebook import files, paths, share, store
from casebook.errors import CasebookError
from casebook.params import CaseParams
from casebook.reuse import decide
from casebook.run import Run, under_way
from casebook.stage import Stage, stage
from casebook.stage_key import key_parts, set_for
from casebook.store import Facts, Ref
from tasks.data.derive import HourOfDay, Log
from tasks.problem.calibration import ThresholdPolicy

if TYPE_CHECKING:
    from prefect.client.schemas.objects import TaskRun

PREFIX = "-"


@stage
def double(out: Path, source: str, times: int = 2) -> Facts:
    """Repeat a word."""
    (out / "word.txt").write_text(PREFIX + source * times, encoding="utf-8")
    return {"times": times}


@stage
def again(out: Path, word: Ref) -> Facts:
    """Write a word anew."""
    (out / "word.txt").write_text(word.path("word.txt").read_text())
    return {}


def pair() -> Ref:
    """Call a stage, and another that reads what it made."""
    return again(double("a"))


def run_in_prefect() -> "dict[str, TaskRun]":
    """Run both in a flow, and return the task runs by name as the server has them at the end."""
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    state = flow(lambda: pair().sha256, name="toy")(return_state=True)
    only = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    end = time.monotonic() + 120
    with get_client(sync_client=True) as client:
        while True:
            task_runs = client.read_task_runs(flow_run_filter=only)
            ended = [run for run in task_runs if run.state and run.state.is_final()]
            if len(ended) == 2:
                return {run.name.rsplit("-", 1)[0]: run for run in ended}
            assert time.monotonic() < end, task_runs
            time.sleep(0.1)


def parts(*args: Any, **kwargs: Any) -> dict[str, str]:
    return dict(key_parts(double.fn, args, kwargs))


def make(run: Run, cache_parts: dict[str, str]) -> Ref:
    ref = Ref(case=run.case, stage="double", key=store.key_of(cache_parts))
    with files.new_folder(ref.folder) as out:
        facts = double.fn(out, "a")
        cost = {"seconds": 1.0, "peak_memory_mb": None, "made_at": "2026"}
        return store.write_manifest(out, run.case, "double", cache_parts, facts, cost)


@pytest.fixture
def run(artifacts: Path) -> Run:
    return Run("toy", ThresholdPolicy())


def test_a_key_depends_on_arguments_defaults_and_values() -> None:
    assert parts("a") == parts("a", 2) == parts(source="a", times=2)
    assert parts("a") != parts("b")
    assert parts("a")["times"] == "2"
    assert "code" in parts("a")


def test_what_is_set_of_every_case_reaches_the_stages_that_take_it(artifacts: Path) -> None:
    def trusting(out: Path, source: str, trust_columns: tuple[str, ...] = ()) -> Facts:
        return {}

    params = CaseParams(trust_columns=("a",))
    assert set_for(trusting, params) == {"trust_columns": ("a",)}
    assert set_for(double.fn, params) == {}
    with under_way(Run("toy", params, planning=True)) as run:
        from_params, explicit = stage(trusting)("x"), stage(trusting)("x", trust_columns=())
    assert from_params.key != explicit.key
    assert len(run.stages) == 2


def test_values_of_the_project_bring_their_code_into_the_key() -> None:
    hour = dict(key_parts(double.fn, (HourOfDay("t", "h"),), {}))["source"]
    log = dict(key_parts(double.fn, (Log("t", "h"),), {}))["source"]
    assert hour.split()[-1] != log.split()[-1]
    assert dict(key_parts(double.fn, (ThresholdPolicy(beta=2),), {})) != dict(
        key_parts(double.fn, (ThresholdPolicy(beta=1),), {})
    )


def test_a_stage_is_reused_only_while_its_files_are_whole(run: Run) -> None:
    cache_parts = parts("a")
    ref = make(run, cache_parts)
    assert decide(run, ref, cache_parts).status == "reuse"
    ref.path("word.txt").write_text("altered")
    assert decide(run, ref, cache_parts).why == "word.txt was altered"
    ref.path("word.txt").unlink()
    assert decide(run, ref, cache_parts).why == "word.txt is gone"


def test_prefect_shows_what_is_made_and_what_is_reused_and_keeps_no_record(
    run: Run, prefect_server: str
) -> None:
    with under_way(run):
        shown = [
            {name: (one.state_type, one.state_name) for name, one in task_runs.items()}
            for task_runs in (run_in_prefect(), run_in_prefect())
        ]
    assert [stage.status for stage in run.stages] == ["run", "run", "reuse", "reuse"]
    assert shown == [
        dict.fromkeys(("double", "again"), ("COMPLETED", "Completed")),
        dict.fromkeys(("double", "again"), ("COMPLETED", "Cached")),
    ]
    assert {path.name for path in paths.store().glob("toy/*/*/*")} == {"word.txt", store.MANIFEST}


def test_prefect_shows_what_is_reused_as_the_input_of_what_comes_after(
    run: Run, prefect_server: str
) -> None:
    with under_way(run):
        run_in_prefect()
        task_runs = run_in_prefect()
    inputs = task_runs["again"].task_inputs["inputs"]
    assert {getattr(given, "id", None) for given in inputs} == {task_runs["double"].id}


@pytest.fixture
def shared(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Share artifacts by a URL, and return what makes this process one machine or another."""
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"file://{tmp_path}/disk")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "first"))
    return lambda name: monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / name))


def test_what_was_made_before_the_network_was_back_is_shared_and_reused(
    run: Run, shared: Callable[[str], None]
) -> None:
    cache_parts = parts("a")
    ref = make(run, cache_parts)
    assert share.names(ref.folder.parent) == []
    assert decide(run, ref, cache_parts).status == "reuse"
    shared("second")
    assert decide(run, ref, cache_parts).status == "reuse"
    assert ref.path("word.txt").read_text() == "-aa"


def test_a_plan_knows_what_another_machine_made_and_brings_nothing(
    run: Run, shared: Callable[[str], None]
) -> None:
    ref = make(run, parts("a"))
    share.push(ref.folder)
    shared("second")
    run.planning = True
    with under_way(run):
        assert double("a").sha256
        double("b")
    assert not ref.folder.exists()
    assert [(stage.status, stage.why) for stage in run.stages] == [
        ("reuse", "nothing changed"),
        ("run", "source a → b"),
    ]


def test_an_output_altered_on_the_way_is_made_again_and_shared(
    run: Run, shared: Callable[[str], None]
) -> None:
    cache_parts = parts("a")
    ref = make(run, cache_parts)
    share.push(ref.folder)
    share.write(ref.path("word.txt"), b"altered")
    shared("second")
    record = decide(run, ref, cache_parts)
    assert record.status == "run"
    assert record.why.startswith("word.txt was altered at file://")


def test_an_input_is_brought_where_a_stage_is_to_read_it_and_only_the_very_one(
    run: Run, shared: Callable[[str], None]
) -> None:
    ref = make(run, parts("a"))
    share.push(ref.folder)
    shared("second")
    store.download(ref)
    assert ref.path("word.txt").read_text() == "-aa"
    with pytest.raises(CasebookError, match="made anew meanwhile"):
        store.download(ref.model_copy(update={"sha256": "another"}))
    share.drop(ref.folder)
    shared("third")
    with pytest.raises(CasebookError, match="double"):
        store.download(ref)


def test_a_plan_names_what_changed_and_runs_nothing(run: Run) -> None:
    make(run, parts("a"))
    changed = parts("b")
    why = decide(run, Ref(case="toy", stage="double", key=store.key_of(changed)), changed).why
    assert why == "source a → b"
    run.planning = True
    with under_way(run):
        ref = double("c", 3)
    assert ref.pending
    assert not ref.folder.exists()
    assert [stage.why for stage in run.stages] == ["source a → c, times 2 → 3"]


def test_a_fresh_run_is_made_when_asked_for(run: Run) -> None:
    cache_parts = parts("a")
    ref = make(run, cache_parts)
    run.refresh = True
    assert decide(run, ref, cache_parts).status == "run"


def test_a_stage_travels_to_another_process_by_name() -> None:
    rebuild, name = double.with_label("x").__reduce__()  # what the worker process is sent
    named = rebuild(*name)
    assert isinstance(named, Stage)
    assert named.fn is double.fn


@pytest.mark.parametrize("label", ["a/b", "/../x", "a\nb"], ids=range(3))
def test_a_label_that_is_no_part_of_a_path_is_refused(label: str) -> None:
    with pytest.raises(CasebookError, match="can't be part of a folder's name"):
        double.with_label(label)


def test_versions_of_libraries_are_named_as_they_are_written(run: Run) -> None:
    before, now = ({**parts("a"), "library onnx": version} for version in ("2.1", "2.10"))
    make(run, before)
    record = decide(run, Ref(case="toy", stage="double", key=store.key_of(now)), now)
    assert record.why == "onnx 2.1 → 2.10"
