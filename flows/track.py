"""Track: send a run to MLflow that is not there yet, or not with all that it came to."""

from typing import Annotated

from casebook import track as tracking
from casebook.operation import Operation


def track(
    case: Annotated[str, "the case, such as fraud"],
    run: Annotated[str, "a run, as its folder is called"],
) -> str:
    """Send a run to the MLflow that MLFLOW_TRACKING_URI names.

    Its parameters, metrics, curves, report and model are sent. With that variable set each run is
    sent when it ends; this sends one that was not, or could not be. One that is there already is
    not sent twice.

    Raises
    ------
    CasebookError
        There is no such run, no address is set, MLflow isn't installed, or it didn't take the run.
    """
    return tracking.track(case, run)


operation = Operation(track)

if __name__ == "__main__":
    raise SystemExit(operation.main())
