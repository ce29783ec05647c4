"""Publish: make an exported model a numbered version, and let it serve if it has earned that."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from casebook import files, places, registry, share
from casebook.registry import alone, point
from casebook.registry import promote as promote  # where both stood before there was a registry
from casebook.registry import rollback as rollback
from casebook.run import current
from casebook.stage import act
from casebook.store import Ref
from casebook.tables import read_arrays
from casebook.versions import folder_of, free_number, published
from tasks.aim import Aim
from tasks.card import card
from tasks.describe import describe
from tasks.evaluate import HALF, figures_of, once

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Published(BaseModel):
    """What became of an exported model: its version, whether it serves, and why."""

    case: str
    version: int
    folder: str
    serves: bool
    why: str


@act
def publish(bundle: Ref, parts: Ref, metrics: dict[str, Any], aim: Aim) -> Published:
    """Make an exported model ready to be the case's next version, and promote it if the gate lets it pass.

    The same model published again keeps its version. The version appears, and serves, when all else
    in the run is done: what this returns is what the report tells. An exception, before that or
    after, leaves the versions as they were. Until the run's end no other process publishes or
    promotes the case. Two machines that publish at the same time take different numbers.

    Parameters
    ----------
    bundle, parts
        What `export` wrote, and the split whose test part the gate compares models on.
    metrics
        The run's metrics.json.
    aim
        What is predicted, and the figure that versions are compared by.
    """
    case, ending = bundle.case, current().ending
    places.models(case).mkdir(parents=True, exist_ok=True)
    ending.enter_context(alone(case))
    there = published(case)
    known = [version for version, manifest in there.items() if manifest.get("bundle") == bundle.sha256]
    version = known[-1] if known else share.claim(places.models(case), free_number(case))
    folder = places.models(case) / str(version)
    ending.enter_context(_taken_back(case, version, None if known else folder))
    writing = ending.enter_context(ExitStack())
    if known:
        draft = folder_of(case, version)
    else:
        draft = writing.enter_context(files.new_folder(folder))
        _write(draft, bundle, parts, metrics, aim)
    serves, why = gate(case, version, parts, metrics, aim, draft)
    told = Published(case=case, version=version, folder=str(folder), serves=serves, why=why)
    current().last.append(partial(_release, told, writing, metrics))
    return told


def _release(told: Published, writing: ExitStack, metrics: Mapping[str, Any]) -> None:
    """Let a version that is ready appear, and serve if it may."""
    writing.close()
    folder_of(told.case, told.version)
    if told.serves:
        point(told.case, told.version)
    elif unfit(told.case, told.version, metrics) is None:
        tell_refused(told.case, told.version, told.why)
    current().details["published"] = told.model_dump(include={"version", "serves", "why"})


@contextmanager
def _taken_back(case: str, version: int, folder: Path | None) -> Iterator[None]:
    """After an exception, let serve what served before, and remove a version's new folder."""
    small = [places.models(case) / name for name in (registry.POINTER, registry.HISTORY)]
    before = [_small(path) for path in small]
    try:
        yield
    except BaseException:
        current().details.pop("published", None)
        if before[0] != _small(small[0]) == f"{version}\n".encode():
            for path, content in zip(small, before, strict=True):
                _restore(path, content)
        if folder:
            _withdraw(folder)
        raise


def _small(path: Path) -> bytes | None:
    """Return what a small file holds, on the shared storage if there is one; None where it is no file."""
    if path.exists() and not path.is_file():
        return None
    share.get(path)
    return path.read_bytes() if path.is_file() else None


def _restore(path: Path, content: bytes | None) -> None:
    """Give a small file its content back, or remove it where there was none."""
    if content is None:
        share.drop(path)
        path.unlink(missing_ok=True)
    else:
        share.write(path, content)
        files.write_bytes(path, content)


def gate(
    case: str, version: int, parts: Ref, metrics: Mapping[str, Any], aim: Aim, draft: Path | None = None
) -> tuple[bool, str]:
    """Say whether a version may serve by itself, and why.

    It may if it was trained on real data, of no earlier day than the present model's, is better
    than a constant answer, and is not worse than the present model on the same test rows: the 95 %
    interval of the difference in the primary figure (paired bootstrap) must reach zero. A model of
    other columns can't be compared and waits. `draft` is where a version lies before it appears.
    """
    present, folder = registry.present(case), draft or places.models(case) / str(version)
    promote = f"`python -m flows.promote {case} {version}` serves this one"
    if present == version:
        return True, "it serves already"
    if reason := unfit(case, version, metrics):
        return False, reason
    if reason := no_better(folder, parts, metrics, aim):
        return False, f"{reason}; {promote} all the same"
    if present is None:
        return True, "no version served before"
    if present not in published(case):
        return True, f"version {present}, which was to serve, is gone or can't be read"
    if published(case)[present]["trained_on"] != "real":
        return True, f"version {present} was trained on sample data"
    old = folder_of(case, present)
    if _inputs(old) != _inputs(folder):
        return False, (f"version {present}, which serves, takes other columns, so the two can't be compared; {promote}")
    low, high = difference(old, folder, parts, aim)
    worse = high < 0 if aim.sign > 0 else low > 0
    return not worse, (
        f"on this run's test rows its {aim.title} differs from version {present}'s by {low:+.4f} to {high:+.4f} "
        f"(95 % interval), which is {'worse' if worse else 'not worse'}"
    )


def no_better(folder: Path, parts: Ref, metrics: Mapping[str, Any], aim: Aim) -> str | None:
    """Say that a version is no better than the same answer to every row, or None.

    The peer `dummy` answers so. Without it, both are judged on the test part here.
    """
    if dummy := metrics["peers"].get("dummy"):
        model = metrics["candidates"][metrics["champion"]][aim.primary]["value"]
        constant = dummy[aim.primary]["value"]
    else:
        y, answered = asked(parts, aim)
        model = once(aim, y, answered(folder), _threshold(folder))[aim.primary]
        constant = once(aim, y, _constant(parts, y, aim))[aim.primary]
    if aim.sign * (model - constant) > 0:
        return None
    return f"its {aim.title} of {model:.4f} is no better than the same answer to every row, which has {constant:.4f}"


def _constant(parts: Ref, y: "Floats", aim: Aim) -> "Floats":
    """Return the training part's mean, or its share of each class, as the answer to every test row.

    A network that was trained elsewhere has no training part: all classes then have the same share.
    """
    import numpy as np

    learnt = _learnt(parts, aim)
    if aim.kind != "multiclass":
        constant: Floats = np.broadcast_to(np.nanmean(learnt, axis=0), y.shape)
        return constant
    counts = np.bincount(learnt.astype("int64"), minlength=len(aim.labels)) if len(learnt) else np.ones(len(aim.labels))
    return np.tile(counts / counts.sum(), (len(y), 1))


def _learnt(parts: Ref, aim: Aim) -> "Floats":
    """Return the truth about the training part, which a network that was trained elsewhere lacks."""
    import numpy as np

    from tasks.features import read_raw
    from tasks.truth import truth

    if aim.takes in ("picture", "series"):
        there = parts.path("train.npz").is_file()
        return read_arrays(parts, "train")["y"].astype("float64") if there else np.array([])
    return truth(read_raw(parts, "train"), aim)


def unfit(case: str, version: int, metrics: Mapping[str, Any]) -> str | None:
    """Say why a version was never meant to serve by itself: its data is a sample, or older than the present model's."""
    promote = f"`python -m flows.promote {case} {version}` serves it all the same"
    if metrics["data"]["source"] != "real":
        return f"it was trained on sample data; {promote}"
    present, date = registry.present(case), metrics["data"].get("date")
    told = published(case).get(present, {}) if date and present is not None else {}
    if told.get("trained_on") == "real" and date < (since := told.get("date") or told["created"][:10]):
        return f"its data is of {date}, and that of version {present}, which serves, of {since}; {promote}"
    return None


def tell_refused(case: str, version: int, why: str) -> None:
    """Emit `casebook.promotion-refused`, which an automation may tell people of."""
    from prefect.events import emit_event

    resource = {"prefect.resource.id": f"casebook.model.{case}", "casebook.version": str(version)}
    payload = {"case": case, "version": version, "why": why}
    emit_event("casebook.promotion-refused", resource=resource, payload=payload)


def difference(old: Path, new: Path, parts: Ref, aim: Aim) -> tuple[float, float]:
    """Return the 95 % interval of the new version's primary figure less the old one's, on the test part.

    By a paired bootstrap, stratified by class where there are classes. Versions are given by their folders.
    """
    import numpy as np

    from tasks.measure import LEVEL, resamples

    y, answered = asked(parts, aim)
    classes = y if aim.classes else np.zeros(len(y))
    drawn = {}
    for folder in (old, new):
        limit, scores = _threshold(folder), answered(folder)
        blocks = [
            figures_of(aim, y, scores, weights, limit)[aim.primary] for weights in resamples(classes, 0, aim.block)
        ]
        drawn[folder] = np.concatenate(blocks)
    low, high = np.quantile(drawn[new] - drawn[old], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _threshold(folder: Path) -> float:
    """Return from which probability on a version's answer is an alert."""
    output = _signature(folder)["output"]
    return float(output.get("threshold", HALF))


def _signature(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "signature.json").read_text(encoding="utf-8"))
    return told


def asked(parts: Ref, aim: Aim) -> "tuple[Floats, Callable[[Path], Floats]]":
    """Return the truth about the test part, and what has a version's folder answer what the model is asked there."""
    import onnx

    from tasks import encode, export, export_pictures, export_series, export_texts
    from tasks.features import read_raw
    from tasks.truth import truth

    def graph(folder: Path) -> "onnx.ModelProto":
        return onnx.load(folder / "model.onnx")

    if aim.takes == "picture":
        pictures = read_arrays(parts, "test")
        y: Floats = pictures["y"].astype("float64")
        return y, lambda folder: export_pictures.answers(graph(folder), pictures["x"], aim.output).astype("float64")
    if aim.takes == "series":
        rows = read_arrays(parts, "test")
        return rows["y"].astype("float64"), lambda folder: export_series.answers(graph(folder), rows, aim).astype(
            "float64"
        )
    test = read_raw(parts, "test")
    y = truth(test, aim)
    if aim.takes == "text":
        texts = encode.plain(test[aim.asked])
        return y, lambda folder: export_texts.answers(
            graph(folder), encode.vocabulary_in(folder), texts, aim.output
        ).astype("float64")
    return y, lambda folder: export.answers(
        made := graph(folder), test[[name for name in test.columns if name in export.feeds_of(made)]]
    ).astype("float64")


def _write(out: Path, bundle: Ref, parts: Ref, metrics: dict[str, Any], aim: Aim) -> None:
    """Write a version: the bundle, its figures, its card, and a manifest with the hash of every file."""
    for path in bundle.folder.iterdir():
        if path.suffix in (".onnx", ".keras", ".json") and path.name != "manifest.json":
            shutil.copy2(path, out / path.name)
    files.write_json(out / "reference.json", describe(out, parts, asked(parts, aim)[1](out), aim))
    files.write_json(out / "metrics.json", metrics)
    files.write_text(out / "card.md", card(metrics, bundle, aim))
    written = sorted(path for path in out.iterdir() if not path.name.startswith("."))
    hashes = {p.name: {"sha256": files.sha256(p), "bytes": p.stat().st_size} for p in written}
    files.write_json(
        out / "manifest.json",
        {
            "case": bundle.case,
            "dataset": bundle.facts.get("dataset"),
            "trained_on": metrics["data"]["source"],
            "primary_metric": metrics["primary_metric"],
            "run_id": metrics["run_id"],
            "date": metrics["data"].get("date"),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "bundle": bundle.sha256,
            "files": hashes,
        },
    )


def _withdraw(folder: Path) -> None:
    """Take a version away again."""
    if folder.is_dir():
        shutil.rmtree(folder)
    share.drop(folder)


def _inputs(folder: Path) -> list[str]:
    """Return the columns that a version takes."""
    return [entry["name"] for entry in _signature(folder).get("inputs", [])]
