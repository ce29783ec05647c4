"""Two runs are compared by the command, into a page."""

import json
from pathlib import Path

from tests.flows.house import House
from tests.tasks.runs.test_compare import RUN


def test_two_runs_become_a_page(empty: House) -> None:
    for number, seed in (("1", 0), ("2", 5)):
        folder = empty.artifacts / "runs" / "shop" / number
        folder.mkdir(parents=True)
        record = RUN["run"] | {"run_id": number, "parameters": {"seed": seed}}
        for name, content in {"run": record, "metrics": RUN["metrics"]}.items():
            (folder / f"{name}.json").write_text(json.dumps(content))
    done = empty.here("flows.compare", "shop", "1", "2", "--language", "ko")
    assert done.code == 0, done.err
    assert "Settings that differ: 1. Run 1 did not keep what its models answer" in done.out
    page = Path(done.out.strip().splitlines()[-1])
    text = page.read_text()
    assert "shop의 두 실행" in text and "http" not in text
    assert "1 실행에는 모델이 테스트 행마다 낸 답이 남아 있지 않아" in text
    difference = json.loads((page.parent / "difference.json").read_text())
    assert difference["changed"] == [{"what": "parameter", "name": "seed", "first": 0, "second": 5}]
    empty.here("flows.compare", "shop", "1", "9").complains(
        "Run 9 of shop", "Runs with figures are: 2, 1"
    )
    empty.here("flows.compare", "shop", "1", "2", "--language", "fr").complains("--language fr")


def test_runs_without_a_model_are_compared_by_what_they_found(empty: House) -> None:
    for number, mean in (("1", 7.0), ("2", 7.25)):
        folder = empty.artifacts / "runs" / "toss" / number
        folder.mkdir(parents=True)
        findings = {"exact": {"mean": "7"}, "thrown": {"mean": mean, "sums": [2, 3]}}
        metrics = {"data": RUN["metrics"]["data"] | {"source": "simulated"}, "findings": findings}
        for name, content in {"run": RUN["run"] | {"run_id": number}, "metrics": metrics}.items():
            (folder / f"{name}.json").write_text(json.dumps(content))
    done = empty.here("flows.compare", "toss", "1", "2")
    assert "Settings that differ: 0. Other results that differ: 1." in done.out, done.err
    page = Path(done.out.strip().splitlines()[-1])
    assert "Simulated data" in page.read_text() and "7.25" in page.read_text()
    difference = json.loads((page.parent / "difference.json").read_text())
    assert difference["outcomes"] == [
        {"what": "finding", "name": "thrown mean", "first": 7.0, "second": 7.25}
    ]
    again = empty.here("flows.compare", "toss", "1", "1")
    assert "Both runs found the same." in Path(again.out.strip().splitlines()[-1]).read_text()
