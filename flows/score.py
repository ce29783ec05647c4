"""Score: answer a file or folder of rows with a published model, as the service would."""

from pathlib import Path
from typing import Annotated

from casebook.cluster import check_runner
from casebook.operation import Operation
from tasks.scoring import score as scoring


def score(
    *,
    case: Annotated[str, "the case whose model answers, such as fraud"],
    input: Annotated[Path, "a parquet or CSV file, or a folder of such files"],
    output: Annotated[
        Path, "the file or folder to make; its rows are the input's, with predictions beside them"
    ],
    version: Annotated[int | None, "the model's version; without it the one that serves"] = None,
    prefix: Annotated[str, "what to put before the names of the new columns"] = "",
    overwrite: Annotated[bool, "replace an output that is there already"] = False,
    runner: Annotated[
        str, "where a folder's files are scored: local, or side by side at dask://host:port"
    ] = "local",
) -> str:
    """Write the rows of files again with a model's predictions beside them.

    A killed run resumes where it stopped.

    Raises
    ------
    CasebookError
        There is no such model, input or cluster, the input lacks a column or can't be read, or the
        output is there.
    """
    check_runner(runner)
    scored = scoring.score(
        case, input, output, version=version, prefix=prefix, overwrite=overwrite, runner=runner
    )
    tally = scored.tally
    rate = (tally.rows - tally.kept) / scored.seconds
    kept = f" ({tally.kept:,} of them by an earlier run)" if tally.kept else ""
    return (
        f"Scored {tally.rows:,} rows{kept} in {scored.seconds:.1f} s, {rate:,.0f} rows per second, "
        f"with {case} version {scored.version}, trained on {scored.trained_on} data. "
        f"{tally.faulty:,} rows have a fault, told in the column {prefix}fault, and no prediction; "
        f"{tally.warned:,} leave the range seen in training.\n{output}"
    )


operation = Operation(score)

if __name__ == "__main__":
    raise SystemExit(operation.main())
