"""A thousand classes: evaluate and publish a pretrained network (lab 904).

Others trained the network. It is judged on the data at hand.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from numpy import typing as npt
from pydantic import Field

from casebook import files, paths
from casebook.case import case
from casebook.catalog import data_set
from casebook.cli import main
from casebook.device import DeviceChoice, prepare
from casebook.errors import CasebookError, NoSample
from casebook.language import msg
from casebook.origin import Origin
from casebook.params import CaseParams
from casebook.run import Summary
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, read_table, write_arrays
from flows.flowers import LABELS as FLOWERS
from samples.flowers import make_flowers
from tasks.data.clean import clean, drop_pictures_of_two_labels, drop_repeated_pictures
from tasks.data.fetch import fetch
from tasks.data.validate import enforce, suite_text, validate
from tasks.evaluation.evaluate import RESULTS
from tasks.evaluation.intervals import bootstrap
from tasks.evaluation.judging import softmax
from tasks.evaluation.metrics import multiclass
from tasks.images import backbone
from tasks.images.backbone import SHAPE
from tasks.images.export import export_pictures
from tasks.images.inputs import Pictures
from tasks.images.read import decode, pictures_of
from tasks.images.train import score
from tasks.pages.model_plots import mistakes
from tasks.problem.definition import Problem
from tasks.publication.publish import publish
from tasks.publication.report import measure_run
from tasks.publication.report_pretrained import report_pretrained

NAME = "mobilenet_v2"
KNOWN = "daisy"  # the only one of the five kinds of flowers that is a class of ImageNet
OTHERS = 60  # pictures of each other kind that are asked about
FEW = 20  # of each kind in the smoke profile
ANSWERS = 4  # that are told of each kind
PROTOCOL = msg(
    "not trained here; asked about the daisies of the flowers set, the only pictures at hand of a "
    "class that it knows, some of which may have been among ImageNet's own"
)


class ImagenetParams(CaseParams):
    """Parameters: where the weights come from, and where the network is run."""

    device: DeviceChoice = Field("auto", description="where to judge")


@case
def imagenet(params: ImagenetParams = ImagenetParams()) -> Summary:
    """Recognize a thousand kinds of things with MobileNetV2 as ImageNet trained it (lab 904)."""
    weights = needed("imagenet_mobilenet", params.source)
    problem = aim_of(needed("imagenet_classes", "auto"))
    raw = decode(needed("flowers", "auto"), SHAPE, make_flowers, 0, params.seed, FLOWERS)
    checked = validate(raw, suite_text("flowers"))
    enforce(checked, "flowers")
    table = clean(checked, (drop_pictures_of_two_labels, drop_repeated_pictures))
    smoke = params.profile == "smoke"
    chosen = choose(table, raw, problem, FEW if smoke else None, FEW if smoke else OTHERS)
    network = assemble(weights, params.device, params.seed)
    evaluation = judge(chosen, network, problem, params.seed)
    bundle = export_pictures(chosen, {NAME: network}, evaluation, network, problem)
    metrics = measure_run(weights, chosen, evaluation, str(PROTOCOL), problem)
    published = publish(bundle, [chosen], evaluation, metrics, problem, Pictures())
    return report_pretrained(metrics, evaluation, network, bundle, published, problem)


def needed(dataset: str, source: str) -> Origin:
    """Find a file that this case can't do without.

    Raises
    ------
    NoSample
        It isn't to be had: weights made at random recognize nothing, so there is no sample of them.
    """
    origin = fetch(dataset, source)
    if origin.kind == "sample":
        entry = data_set(dataset)
        urls = " or ".join(file.url for file in entry.files if file.url)
        raise NoSample(
            f"No file for '{entry.title}', and there is no sample of it: this case publishes a "
            "network that others trained, and one with random weights would recognize nothing. "
            f"Put {entry.files[0].name} into {paths.raw() / entry.folder}, or into the folder "
            f"{entry.folder} of a mirror that CASEBOOK_DATA_MIRROR names, or be online ({urls}); "
            "then use --source real."
        )
    return origin


def aim_of(names: Origin) -> Problem:
    """Return what is answered and how it is judged; a plan needn't have the file of names yet."""
    labels = named(names.path) if names.path else ()
    return Problem(
        problem_type="multiclass",
        input_kind="picture",
        target="label",
        labels=labels,
        output="probabilities",
        primary_metric="accuracy",
        metrics=("accuracy", "log_loss"),
    )


def named(path: Path) -> tuple[str, ...]:
    """Return the common names of the classes 0 to 999.

    The file is of the form `{"0": ["n01440764", "tench"], ...}`. Names that stand for two classes,
    such as the crane that flies and the one that lifts, have WordNet's number added.

    Raises
    ------
    CasebookError
        The file doesn't name a thousand classes.
    """
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        pairs = [
            (str(number), str(name))
            for number, name in (index[str(i)] for i in range(backbone.CLASSES))
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CasebookError(
            f"{path} doesn't name {backbone.CLASSES:,} classes ({error!r}): fetch it again."
        ) from error
    often = Counter(name.casefold() for _, name in pairs)
    entries = (
        (number, name.replace("_", " "), often[name.casefold()] > 1) for number, name in pairs
    )
    return tuple(f"{name} ({number})" if twice else name for number, name, twice in entries)


@stage
def choose(
    out: Path, table: Ref, raw: Ref, problem: Problem, daisies: int | None, others: int
) -> Facts:
    """Choose the pictures to evaluate.

    `test` has the daisies (None for all), `others` some of each other flower. The label of the
    first is ImageNet's number of the daisy, of the others the flowers set's own.
    """
    frame = read_table(table)
    by_kind = {label: group["picture"].to_numpy() for label, group in frame.groupby("label")}
    daisy_pictures = by_kind.pop(FLOWERS.index(KNOWN))[:daisies]
    number = problem.labels.index(KNOWN)
    write_arrays(
        out,
        "test",
        x=pictures_of(raw, daisy_pictures),
        y=pd.Series(number, range(len(daisy_pictures))).to_numpy(),
    )
    rest = pd.concat([pd.Series(label, paths[:others]) for label, paths in by_kind.items()])
    write_arrays(out, "others", x=pictures_of(raw, rest.index.to_numpy()), y=rest.to_numpy())
    return {"rows": len(daisy_pictures), "others": len(rest)}


@stage
def assemble(out: Path, weights: Origin, device: DeviceChoice, seed: int) -> Facts:
    """Keep the whole network as `network.keras`.

    It takes raw pixels, and returns a logit for each of the thousand classes.
    """
    used = prepare(device, seed)
    whole = backbone.classifier(weights)
    pixels = keras.Input(SHAPE)
    model = keras.Model(pixels, whole(backbone.preprocessing()(pixels)), name=NAME)
    model.save(out / "network.keras")
    return {
        "dataset": weights.dataset,
        "kind": weights.kind,
        "parameters": model.count_params(),
        "device": used,
    }


@stage
def judge(out: Path, chosen: Ref, network: Ref, problem: Problem, seed: int) -> Facts:
    """Predict the chosen pictures, and judge the predictions for the daisies.

    Writes `evaluation.json` as `evaluate` does, here without a choice between candidates;
    `others.json`, the most frequent answers to each kind of flower; and a plot of its most
    confident mistakes.
    """
    model = keras.saving.load_model(network.path("network.keras"), compile=False, safe_mode=True)
    test, others = (read_arrays(chosen, name) for name in ("test", "others"))
    y, probability = test["y"].astype("float64"), softmax(score(model, test["x"]).astype("float64"))
    predicted = {KNOWN: probability.argmax(axis=1)}
    answered = score(model, others["x"]).argmax(axis=1)
    predicted |= {
        FLOWERS[label]: answered[others["y"] == label] for label in np.unique(others["y"])
    }
    measured = bootstrap(lambda weights: multiclass(y, probability, weights), y, seed)
    figures = {
        name: measured[name] for name in problem.metrics
    }  # others say nothing where all pictures are of one class
    files.write_json(
        out / RESULTS,
        {
            "champion": NAME,
            "candidates": {NAME: figures},
            "peers": {},
            "differences": {},
            "validation": {},
            "choice": {"champion": NAME, "best": NAME, "difference": None},
            "test": {"split": f"every {KNOWN} of the flowers set", "folds": 1, "rows": len(y)},
        },
    )
    files.write_json(
        out / "others.json",
        [frequent(kind, answers, problem) for kind, answers in predicted.items()],
    )
    mistakes(out, y, probability, test["x"], problem)
    return {"champion": NAME, "accuracy": figures["accuracy"]["value"]}


def frequent(kind: str, answers: npt.NDArray[np.int64], problem: Problem) -> dict[str, str]:
    """Return a row of a table.

    It has the number of pictures of a kind, and the most frequent predictions for them.
    """
    counts = Counter(answers.tolist()).most_common(ANSWERS)
    text = ", ".join(f"{problem.labels[number]} {count}" for number, count in counts)
    return {"kind": kind, "pictures": f"{len(answers):,}", "most frequent answers": text}


if __name__ == "__main__":
    raise SystemExit(main("flows.imagenet"))
