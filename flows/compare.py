"""Compare: what differs between two runs of a case, in what went in and in what came out."""

from typing import Annotated

from casebook.language import language_of
from casebook.operation import Operation
from tasks.runs.compare import changes, figures, outcomes, read
from tasks.runs.paired import on_same_rows
from tasks.runs.report import report_compared


def compare(
    case: Annotated[str, "the case, such as fraud"],
    first: Annotated[str, "a run, as its folder is called"],
    second: Annotated[str, "another run"],
    *,
    language: Annotated[str, "of the page: en or ko"] = "en",
) -> str:
    """Write a page with the differences between two runs.

    It compares parameters, data, code, libraries and metrics, and the models on the test rows that
    both runs have.

    Raises
    ------
    CasebookError
        One of the runs is not there or left no metrics.
    """
    spoken = language_of(language)
    runs = read(case, first), read(case, second)
    setting_changes, outcome_changes, comparisons = (
        list(changes(*runs)),
        list(outcomes(*runs)),
        figures(*runs),
    )
    paired = on_same_rows(case, *runs) if comparisons else None
    page = report_compared(
        case, runs, setting_changes, outcome_changes, comparisons, paired, spoken
    )
    sentences = [
        f"Settings that differ: {len(setting_changes)}.",
        *([str(paired)] if paired else []),
        f"Other results that differ: {len(outcome_changes)}.",
    ]
    return f"{' '.join(sentences)}\n{page}"


operation = Operation(compare)

if __name__ == "__main__":
    raise SystemExit(operation.main())
