"""Monitor: report whether a model's inputs have drifted from its training data."""

import math
from pathlib import Path
from typing import Annotated

import prefect
from prefect import events, exceptions

from casebook.errors import CasebookError
from casebook.language import language_of
from casebook.operation import Operation
from tasks.monitoring.drift import shifts
from tasks.monitoring.report import report_drift
from tasks.monitoring.served_histograms import counted_in_file, counted_in_service
from tasks.publication.training_distribution import described
from tasks.scoring.plan import predictor_of

MOST_HOURS = 100 * 366 * 24  # a century: more is no time that could be counted back


def monitor(
    *,
    case: Annotated[str, "the case whose model is watched, such as fraud"],
    input: Annotated[
        Path | None, "a file or folder of rows to compare; without it what the service counted"
    ] = None,
    hours: Annotated[int, "how far back the service's counts go"] = 24,
    threshold: Annotated[
        float, "the population stability index from which a quantity has moved"
    ] = 0.2,
    version: Annotated[int | None, "the model's version; without it the one that serves"] = None,
    language: Annotated[str, "of the page: en or ko"] = "en",
) -> str:
    """Compare inputs and predictions with training by PSI, KS and chi-square.

    Drift is reported to Prefect as an event.

    Raises
    ------
    CasebookError
        There is no such model, it was published without bins, or there is nothing to compare.
    """
    if not 1 <= hours <= MOST_HOURS or not 0 < threshold < math.inf:
        raise CasebookError(
            f"--hours {hours} --threshold {threshold}: hours are 1 to {MOST_HOURS:,}, the "
            "threshold is a finite number above 0."
        )
    spoken = language_of(language)
    predictor = predictor_of(case, version)
    reference = described(predictor)
    counted = counted_in_file(predictor, input) if input else counted_in_service(predictor, hours)
    quantities = shifts(reference, counted.features, counted.score, threshold)
    page = report_drift(predictor, counted, quantities, threshold, spoken)
    drifted = [shift.name for shift in quantities if shift.drifted]
    tell(case, predictor.version, drifted, page)
    moved = (
        f"{len(drifted)} of {len(quantities)} quantities moved: {', '.join(drifted)}"
        if drifted
        else "nothing moved"
    )
    faulty = f" ({counted.faulty:,} more could not be answered)" if counted.faulty else ""
    return (
        f"{case} version {predictor.version}, {counted.rows:,} rows of {counted.where}{faulty}: "
        f"{moved}.\n{page}"
    )


def tell(case: str, version: int, drifted: list[str], page: Path) -> None:
    """Emit `casebook.drift` or `casebook.no-drift`.

    An automation may act on it, for example by retraining.
    """
    resource = {"prefect.resource.id": f"casebook.model.{case}", "casebook.version": str(version)}
    payload = {"case": case, "version": version, "drifted": drifted, "report": str(page)}
    name = "casebook.drift" if drifted else "casebook.no-drift"
    events.emit_event(name, resource=resource, related=trained_by(case), payload=payload)


def trained_by(case: str) -> list[dict[str, str]]:
    """Return the deployment that trains a case, if the server has one: an automation may run it."""
    with prefect.get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(f"{case}/{case}")
        except exceptions.ObjectNotFound:
            return []
    return [
        {
            "prefect.resource.id": f"prefect.deployment.{deployment.id}",
            "prefect.resource.role": "trained-by",
        }
    ]


operation = Operation(monitor)

if __name__ == "__main__":
    raise SystemExit(operation.main())
