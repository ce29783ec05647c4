"""Score: a folder's files side by side on a Dask cluster, each by one worker."""

from collections.abc import Callable, Sequence
from typing import Any

from casebook import paths
from casebook.cluster import connected
from casebook.errors import CasebookError
from casebook.progress import Progress
from tasks.scoring.job import Job, Tally
from tasks.scoring.plan import Plan
from tasks.scoring.read import Source

Make = Callable[[Job, int, Source, tuple[str, int, str, str | None]], Tally]


def score_side_by_side(
    runner: str, job: Job, sources: Sequence[Source], plan: Plan, make: Make, progress: Progress
) -> list[Tally]:
    """Have workers make the files, and return each one's tally.

    A file whose worker is lost is made by another.

    `make` makes one of them, on a worker.

    Raises
    ------
    CasebookError
        There is no such cluster, or a worker doesn't see the model or the output's folder.
    """
    from distributed import as_completed

    manifest = (
        paths.models(plan.predictor.signature.case) / str(plan.predictor.version) / "manifest.json"
    )
    with connected(runner, manifest.relative_to(paths.artifacts()).as_posix()) as cluster:
        assert cluster is not None
        client: Any = cluster.client
        blind = [name for name, seen in client.run(sees, job).items() if not seen]
        if blind:
            raise CasebookError(
                f"--runner {runner}: {', '.join(blind)} doesn't see the folder of --output "
                f"{job.output}. Give one that lies on a disk they share."
            )
        jobs = [
            client.submit(make, job, number, source, plan.recipe, pure=False)
            for number, source in enumerate(sources)
        ]
        sizes = {future.key: source.size for future, source in zip(jobs, sources, strict=True)}
        for future in as_completed(jobs, loop=client.loop):
            progress.step(units=sizes[future.key])
        return [future.result() for future in jobs]


def sees(job: Job) -> bool:
    """Say, on a worker, whether the folder of a scoring under way is there."""
    return (job.folder / "job.json").is_file()
