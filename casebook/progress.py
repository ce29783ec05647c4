"""Progress of long work: a bar in the terminal, and a progress artifact in the Prefect UI."""

import time
from types import TracebackType
from typing import Self
from uuid import UUID

import tqdm
from prefect import artifacts, context

EVERY = 2.0  # seconds between two updates of the artifact: each is a request to the server


class Progress:
    """Counts up to `total`; use it in a `with` block and call `step` after each unit of work.

    With a `unit` such as "B" the bar counts in thousands and millions of it.
    """

    def __init__(self, what: str, total: int, unit: str = "") -> None:

        self.total = total
        self.done = 0
        counted = {"unit": unit, "unit_scale": True} if unit else {}
        self.bar = tqdm.tqdm(
            total=total, desc=what, leave=False, mininterval=0.5, disable=None, **counted
        )  # needs a terminal
        self.artifact = _create(what)
        self.last_update = time.monotonic()

    def step(self, note: str = "", units: int = 1) -> None:
        """Count one unit or several, with a short note such as the latest validation metric."""
        self.done += units
        self.bar.set_postfix_str(note, refresh=False)
        self.bar.update(units)
        if time.monotonic() - self.last_update > EVERY:
            self._tell(100.0 * self.done / max(1, self.total))

    def __enter__(self) -> Self:
        """Return the counter."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the bar; work that ended early and well is shown as finished."""
        self.bar.close()
        if kind is None:
            self._tell(100.0)

    def _tell(self, percent: float) -> None:

        self.last_update = time.monotonic()
        if self.artifact is not None:
            artifacts.update_progress_artifact(artifact_id=self.artifact, progress=percent)


def _create(what: str) -> UUID | None:
    """Create the artifact if this is a Prefect task or flow.

    Plain calls, as in tests, have none.
    """
    if context.TaskRunContext.get() is None and context.FlowRunContext.get() is None:
        return None
    created = artifacts.create_progress_artifact(progress=0.0, description=what)
    return created if isinstance(created, UUID) else None
