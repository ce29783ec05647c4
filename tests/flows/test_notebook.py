"""A case's notebook is written in two languages, and walks through the case's own steps."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from casebook import paths
from casebook.language import translated
from flows import notebook
from flows.all import available_cases
from tasks.notebooks.notebook import cells
from tasks.notebooks.steps import first_paragraph, imported_names, steps_of
from tests.flows.house import House
from tests.rehearsal.notebooks import check_notebook, said

CASES = available_cases()


def test_the_notebook_walks_through_the_steps_of_the_flow(smoke: House, tmp_path: Path) -> None:
    shutil.copytree(smoke.artifacts, tmp_path / "artifacts")
    environment = {**smoke.environment, "CASEBOOK_ARTIFACTS": str(tmp_path / "artifacts")}
    home = replace(smoke, artifacts=tmp_path / "artifacts", environment=environment)
    executed = check_notebook(home, "fraud")
    sources = [cell.source for cell in executed]
    assert "data = CASE.prepare(params)" in sources
    figures = next(cell for cell in executed if cell.source.startswith("measured = "))
    assert "blend" in said(figures)
    run = home.runs()[-1]
    assert home.record(run)["status"] == "completed"
    trained = {name: status for name, status in home.statuses(run).items() if "train" in name}
    assert set(trained.values()) == {"reuse"}


@pytest.mark.parametrize("name", CASES)
def test_every_step_says_what_it_does_in_both_languages(name: str) -> None:
    case = CASES[name]
    steps = steps_of(case)
    texts = [first_paragraph(case.story), *(step.says for step in steps)]
    assert len(steps) >= 4
    assert [text for text in texts if translated(text, "ko") == text] == []
    assert "summary = " in steps[-1].source
    assert name in imported_names(case)


def test_a_notebook_is_written_where_the_flag_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "deep" / "mpg.ipynb"
    assert notebook.main(["mpg", "--language", "ko", "--output", str(path)]) == 0
    assert capsys.readouterr().out.strip() == str(path)
    written = nbformat.read(path, as_version=4).cells
    texts = [cell.source for cell in written if cell.cell_type == "markdown"]
    assert any("연습 문제" in text for text in texts)
    assert not [text for text in texts if re.search(r"[{}]", text)]
    assert any("language='ko')" in cell.source for cell in written)


def test_a_notebook_knows_the_folder_of_cases_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_CASES", "/home/me/cases")
    sources = [cell.source for cell in cells(CASES["mpg"], "en")]
    assert sources[2].endswith("""os.environ["CASEBOOK_CASES"] = '/home/me/cases'""")


def test_a_case_that_is_none_is_refused_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert notebook.main(["tune"]) == 1
    assert notebook.main(["frud"]) == 1
    assert "There is no case 'frud'" in capsys.readouterr().err


def test_the_page_of_the_course_names_every_case() -> None:
    page = (paths.project() / "docs" / "course.md").read_text(encoding="utf-8")
    stories = {name: first_paragraph(case.story) for name, case in CASES.items()}
    labs = {name: re.findall(r"\(lab (\d+)\)", text) for name, text in stories.items()}
    listed = re.findall(r"^\| (\d+) \| `flows/(\w+)\.py`", page, re.MULTILINE)
    assert sorted((lab, name) for name, (lab,) in labs.items()) == listed
