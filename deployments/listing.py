"""prefect.yaml: one deployment per case and operation, generated from the flows.

Since it is generated, no deployment can be missing. A folder of somebody else's cases
(`CASEBOOK_CASES`) has a prefect.yaml of its own at the same place.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from casebook import files, paths, prefect_runtime
from casebook.case import Case
from casebook.errors import CasebookError
from casebook.operation import Operation
from casebook.params import CaseParams
from tasks.tables.parameters import NetworkParams

APART = 20  # minutes between two nightly starts: longer than most cases take
HEAD = """\
# Written by `python -m deployments write` from flows/: don't edit it, \
`python -m deployments check` compares.
# `python -m deployments register` makes the work pools and brings all of this to the \
server in PREFECT_API_URL.
name: casebook

pull:
  - prefect.deployments.steps.set_working_directory:
      directory: .

definitions:
  # A run behaves as the command does: in the checkout, which is the folder that the \
worker is started in.
  surroundings: &surroundings
    working_dir: .
    env:
{settings}
  cases: &cases {{name: local, work_queue_name: cases, job_variables: *surroundings}}
  operations: &operations {{name: local, job_variables: *surroundings}}
  gpu: &gpu {{name: gpu, job_variables: *surroundings}}
  # One run at a time, another one waits: a click is never lost, as it would be with \
CANCEL_NEW. That nights don't pile
  # up behind a long run is seen to by an automation, which cancels a scheduled run that \
would have to wait.
  one: &one {{limit: 1, collision_strategy: ENQUEUE}}

deployments:
"""


def write() -> str:
    """Write the file of every folder with cases, and say which."""
    written = [place(root) for root in paths.written_roots()]
    for root, path in zip(paths.written_roots(), written, strict=True):
        files.write_text(path, listing(root))
    return "\n".join(map(str, written))


def check() -> str:
    """Compare the files with the flows.

    Raises
    ------
    CasebookError
        A file lacks a deployment, or has one that isn't as the flows are today; each is named.
    """
    faults = [fault for root in paths.written_roots() for fault in _faults(root)]
    if faults:
        raise CasebookError(
            f"{'; '.join(faults)}. `python -m deployments write` writes the file anew."
        )
    count = sum(len(entries(root)) for root in paths.written_roots())
    return f"{count} deployments are as the flows are."


def place(root: Path) -> Path:
    """Return where the file of a folder with cases is."""
    return root / "deployments" / "prefect.yaml"


def listing(root: Path) -> str:
    """Return the file of a folder with cases."""
    settings = "\n".join(f'      {name}: "{value}"' for name, value in prefect_runtime.RUN.items())
    return HEAD.format(settings=settings) + "\n".join(entries(root).values())


def entries(root: Path) -> dict[str, str]:
    """Return the text of each deployment by its name."""
    return {name: text for flow in _names(root) for name, text in _entries(flow)}


def _faults(root: Path) -> Iterator[str]:
    path = place(root)
    content = path.read_text(encoding="utf-8") if path.is_file() else ""
    expected = entries(root)
    if missing := [name for name in expected if f"- name: {name}\n" not in content]:
        yield f"{path} has no deployment of {', '.join(missing)}"
    elif content != listing(root):
        differ = [name for name, text in expected.items() if text not in content]
        yield (
            f"{path} is not as the flows are today "
            f"({', '.join(differ) or 'its head, or a flow that is gone'})"
        )


def _names(root: Path) -> list[str]:
    return sorted(path.stem for path in (root / "flows").glob("[!_]*.py"))


def _flow(name: str) -> Case[CaseParams] | Operation | None:
    """Return the case or the operation in a flow file."""
    module = import_module(f"flows.{name}")
    flow = getattr(module, "operation", None) or getattr(module, name, None)
    return flow if isinstance(flow, (Case, Operation)) else None


def _entries(name: str) -> Iterator[tuple[str, str]]:
    """Yield the deployments of a flow file, each by its name."""
    flow = _flow(name)
    if isinstance(flow, Operation):
        yield name, _entry(name, f"flows.{name}:operation.flow", "operation", "operations")
    elif isinstance(flow, Case):
        entrypoint = f"flows.{name}:{name}.flow"
        yield name, _entry(name, entrypoint, "case", "cases") + _schedule(name)
        # the networks that learn from a table are too small to gain by a GPU
        if "device" in flow.params.model_fields and not issubclass(flow.params, NetworkParams):
            yield (
                f"{name}-gpu",
                _entry(f"{name}-gpu", entrypoint, "case, gpu", "gpu")
                + _parameters("device", "gpu"),
            )


def _entry(name: str, entrypoint: str, tags: str, pool: str) -> str:
    lines = (
        f"  - name: {name}",
        f"entrypoint: {entrypoint}",
        f"tags: [{tags}]",
        f"work_pool: *{pool}",
        "concurrency_limit: *one",
    )
    return "\n    ".join(lines) + "\n"


def _parameters(name: str, value: str, indent: int = 4) -> str:
    return f"{' ' * indent}parameters: {{params: {{{name}: {value}}}}}\n"


def _schedule(name: str) -> str:
    """Return a case's nightly schedule.

    It runs on real data, so that it fails where there is none instead of taking a sample.
    """
    if name not in (nightly := _nightly()):
        return ""
    minutes = APART * nightly.index(name)
    cron = f'"{minutes % 60} {minutes // 60 % 24} * * *"'
    lines = "schedules:", "  - slug: nightly", f"    cron: {cron}", "    timezone: UTC"
    return "".join(f"    {line}\n" for line in lines) + _parameters("source", "real", indent=8)


def _nightly() -> list[str]:
    """Return the cases that are run every night.

    These are all but a search, which needs to be given its case.
    """
    flows = {name: _flow(name) for root in paths.written_roots() for name in _names(root)}
    return [
        name
        for name, flow in flows.items()
        if isinstance(flow, Case) and "case" not in flow.params.model_fields
    ]
