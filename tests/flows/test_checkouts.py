"""Checkouts of the same code at other paths, on other machines, reuse what each other made."""

import shutil
from dataclasses import replace
from pathlib import Path

from casebook import paths
from tests.flows.dask_cluster import dask_cluster
from tests.flows.house import SMOKE, House

ASKED = (*SMOKE, "--candidates", "course", "--peers")
PARTS = ("casebook", "data", "expectations", "flows", "samples", "serving", "tasks")


def checkout(folder: Path) -> Path:
    """Copy what a run needs of this checkout."""
    for part in PARTS:
        ignored = shutil.ignore_patterns("__pycache__", "raw")
        shutil.copytree(paths.project() / part, folder / part, ignore=ignored)
    return folder


def test_what_one_checkout_and_a_worker_at_another_path_made_is_reused_by_a_third(
    empty: House, tmp_path: Path
) -> None:
    first = replace(empty, folder=checkout(tmp_path / "first"))
    second = replace(empty, folder=checkout(tmp_path / "of" / "the" / "worker"))
    third = replace(empty, folder=checkout(tmp_path / "third"))
    with dask_cluster(second) as cluster:
        cluster.worker()
        done = first.run("flows.fraud", *ASKED, "--runner", cluster.runner)
    assert done.code == 0, done.err
    statuses = first.statuses(first.runs()[0])
    assert set(statuses.values()) == {"run"}
    machinery = third.folder / "casebook" / "stage.py"
    code = machinery.read_text(encoding="utf-8")
    changed = code.replace('"  %-26s', '"   %-26s')
    assert changed != code
    machinery.write_text(changed, encoding="utf-8")
    again = third.run("flows.fraud", *ASKED)
    assert again.code == 0, again.err
    assert third.statuses(third.runs()[-1]) == dict.fromkeys(statuses, "reuse")
    step = third.folder / "tasks" / "data" / "clean.py"
    code = step.read_text(encoding="utf-8")
    other = code.replace(
        "drop_duplicates(ignore_index", "drop_duplicates(keep='last', ignore_index"
    )
    assert other != code
    step.write_text(other, encoding="utf-8")
    plan = third.run("flows.fraud", *ASKED, "--plan")
    assert plan.code == 0, plan.err
    lines = {line.split()[0]: line for line in plan.out.splitlines() if line.strip()}
    assert "nothing changed" in lines["ingest"]
    assert "steps changed" in lines["clean"]
