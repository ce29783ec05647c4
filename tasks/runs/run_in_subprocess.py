"""Run a case in a process of its own, and report its outcome and that of others beside it."""

import logging
from collections import Counter
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

from prefect import artifacts

from casebook.cli import named, paragraph, run, speak
from casebook.errors import CasebookError, NoSample
from casebook.params import CaseParams
from casebook.run import Summary
from casebook.worker_process import WorkerProcess

log = logging.getLogger("casebook")


@dataclass(frozen=True)
class Attempt:
    """The outcome of one run among many.

    It states what was run, why it ended so, how long it took and where its report is.
    """

    what: str
    status: Literal["completed", "failed", "skipped", "no sample"]
    why: str
    seconds: float = 0.0
    report: str = ""

    def __str__(self) -> str:
        """Return a line of a table."""
        return f"{self.what:16} {self.status:10} {self.seconds:7.1f} s  {self.report or self.why}"


def attempt(what: str, case: str, params: CaseParams) -> Attempt:
    """Run a case, and return its outcome.

    Other runs go on after one that fails, or whose process dies.
    """
    log.info("%s:", what)
    started, apart = perf_counter(), WorkerProcess()
    try:
        summary = apart.run(run_here, case, params)
    except NoSample as error:
        return Attempt(what, "no sample", str(error), perf_counter() - started)
    except BrokenProcessPool:
        why = (
            "Its process was killed, as happens where memory runs out. The same command goes on "
            "where it stopped."
        )
        return Attempt(what, "failed", why, perf_counter() - started)
    except Exception as error:
        return Attempt(what, "failed", paragraph(error), perf_counter() - started)
    finally:
        apart.close()
    return Attempt(
        what,
        "completed",
        summary.headline.splitlines()[0],
        perf_counter() - started,
        summary.report,
    )


def run_here(case: str, params: CaseParams) -> Summary:
    """Run a case in this process, with its lines on stderr."""
    speak(debug=False)
    return run(named(f"flows.{case}"), params)


def sum_up(attempts: Sequence[Attempt], key: str) -> str:
    """Print a table of all, put it into the Prefect UI, and return a sentence that counts them.

    Raises
    ------
    CasebookError
        Some failed: it names each, and why.
    """
    print(*attempts, sep="\n", flush=True)
    artifacts.create_table_artifact(
        [vars(outcome) | {"seconds": round(outcome.seconds, 1)} for outcome in attempts], key=key
    )
    counts = Counter(outcome.status for outcome in attempts)
    summary = ", ".join(f"{count} {status}" for status, count in counts.items()) + "."
    if counts["failed"]:
        raise CasebookError(
            " ".join(
                [
                    summary,
                    *(
                        f"{outcome.what}: {outcome.why}"
                        for outcome in attempts
                        if outcome.status == "failed"
                    ),
                ]
            )
        )
    return summary
