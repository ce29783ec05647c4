"""Publish: make an exported model a numbered version, and let it serve if it has earned that."""

import json
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
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
    """Put an exported model among the case's versions and promote it if the gate lets it pass.

    The same model published again keeps its version. The version appears in one rename, inside a Prefect transaction
    that takes it away again if what follows fails. Two machines that publish at the same time take different numbers.

    Parameters
    ----------
    bundle, parts
        What `export` wrote, and the split whose test part the gate compares models on.
    metrics
        The run's metrics.json.
    aim
        What is predicted, and the figure that versions are compared by.
    """
    from prefect.transactions import transaction

    case = bundle.case
    places.models(case).mkdir(parents=True, exist_ok=True)
    with alone(case):
        there = published(case)
        known = [version for version, manifest in there.items() if manifest.get("bundle") == bundle.sha256]
        version = known[-1] if known else share.claim(places.models(case), free_number(case))
        folder = places.models(case) / str(version)
        with transaction(key=f"publish-{case}-{version}-{current().run_id}") as txn:
            if not known:
                txn.stage(version, on_rollback_hooks=[lambda _: _withdraw(folder)])
                _write(folder, bundle, parts, metrics, aim)
            folder_of(case, version)
            serves, why = gate(case, version, parts, metrics, aim)
            if serves:
                point(case, version)
    current().details["published"] = {"version": version, "serves": serves, "why": why}
    if not serves and unfit(case, version, metrics) is None:
        tell_refused(case, version, why)
    return Published(case=case, version=version, folder=str(folder), serves=serves, why=why)


def gate(case: str, version: int, parts: Ref, metrics: Mapping[str, Any], aim: Aim) -> tuple[bool, str]:
    """Say whether a version may serve by itself, and why.

    It may if it was trained on real data, of no earlier day than the present model's, and is not worse than that model
    on the same test rows: the 95 % interval of the difference in the primary figure (paired bootstrap) must reach zero.
    A model of other columns can't be compared and waits.
    """
    present = registry.present(case)
    if present == version:
        return True, "it serves already"
    if reason := unfit(case, version, metrics):
        return False, reason
    if present is None:
        return True, "no version served before"
    if present not in published(case):
        return True, f"version {present}, which was to serve, is gone or can't be read"
    if published(case)[present]["trained_on"] != "real":
        return True, f"version {present} was trained on sample data"
    if _inputs(case, present) != _inputs(case, version):
        return False, (
            f"version {present}, which serves, takes other columns, so the two can't be compared; "
            f"`python -m flows.promote {case} {version}` serves this one"
        )
    low, high = difference(case, present, version, parts, aim)
    worse = high < 0 if aim.sign > 0 else low > 0
    return not worse, (
        f"on this run's test rows its {aim.title} differs from version {present}'s by {low:+.4f} to {high:+.4f} "
        f"(95 % interval), which is {'worse' if worse else 'not worse'}"
    )


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


def difference(case: str, old: int, new: int, parts: Ref, aim: Aim) -> tuple[float, float]:
    """Return the 95 % interval of the new version's primary figure less the old one's, on the test part.

    By a paired bootstrap, stratified by class where there are classes.
    """
    import numpy as np

    from tasks.evaluate import figures_of
    from tasks.measure import LEVEL, resamples

    y, answered = asked(parts, aim)
    classes = y if aim.classes else np.zeros(len(y))
    drawn = {}
    for version in (old, new):
        folder = folder_of(case, version)
        told = json.loads((folder / "signature.json").read_text(encoding="utf-8"))["output"].get("threshold", 0.5)
        scores = answered(folder)
        blocks = [
            figures_of(aim, y, scores, weights, told)[aim.primary] for weights in resamples(classes, 0, aim.block)
        ]
        drawn[version] = np.concatenate(blocks)
    low, high = np.quantile(drawn[new] - drawn[old], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def asked(parts: Ref, aim: Aim) -> "tuple[Floats, Callable[[Path], Floats]]":
    """Return the truth about the test part, and what has a version's folder answer what the model is asked there."""
    import onnx

    from tasks import encode, export, export_pictures, export_series, export_texts
    from tasks.features import read_raw

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
    y = test[aim.target].to_numpy("float64")
    if aim.takes == "text":
        texts = encode.plain(test[aim.asked])
        return y, lambda folder: export_texts.answers(
            graph(folder), encode.vocabulary_in(folder), texts, aim.output
        ).astype("float64")
    return y, lambda folder: export.answers(
        made := graph(folder), test[[name for name in test.columns if name in export.feeds_of(made)]]
    ).astype("float64")


def _write(folder: Path, bundle: Ref, parts: Ref, metrics: dict[str, Any], aim: Aim) -> None:
    """Write a version: the bundle, its figures, its card, and a manifest with the hash of every file."""
    with files.new_folder(folder) as out:
        for path in bundle.folder.iterdir():
            if path.suffix in (".onnx", ".keras", ".json") and path.name != "manifest.json":
                shutil.copy2(path, out / path.name)
        files.write_json(out / "reference.json", describe(out, parts, asked(parts, aim)[1](out), aim))
        files.write_json(out / "metrics.json", metrics)
        files.write_text(out / "card.md", card(metrics, bundle, aim))
        hashes = {p.name: {"sha256": files.sha256(p), "bytes": p.stat().st_size} for p in sorted(out.iterdir())}
        files.write_json(
            out / "manifest.json",
            {
                "case": bundle.case,
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


def _inputs(case: str, version: int) -> list[str]:
    """Return the columns that a version takes."""
    told = json.loads((folder_of(case, version) / "signature.json").read_text(encoding="utf-8"))
    return [entry["name"] for entry in told.get("inputs", [])]
