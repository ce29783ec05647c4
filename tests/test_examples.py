"""The examples in docstrings are run, and give what they show."""

import doctest
import importlib
import re

import pytest

from casebook import paths

FOLDERS = ("casebook", "flows", "samples", "serving", "tasks")
PROMPT = re.compile(r"^ *>>> ", re.MULTILINE)


def modules_with_examples() -> dict[str, int]:
    """Return how many examples each module has; one without any is not imported."""
    project = paths.project()
    counts = {
        ".".join(path.relative_to(project).with_suffix("").parts): len(
            PROMPT.findall(path.read_text(encoding="utf-8"))
        )
        for folder in FOLDERS
        for path in (project / folder).rglob("*.py")
    }
    return {name: counts[name] for name in sorted(counts) if counts[name]}


EXAMPLES = modules_with_examples()


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_give_what_they_show(name: str) -> None:
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(verbose=False)
    report: list[str] = []
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        runner.run(test, out=report.append)
    assert not report, "".join(report)
    # doctest passes over what it can't see, such as a stage
    assert runner.tries == EXAMPLES[name]
