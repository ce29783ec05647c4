"""Five kinds of flowers: transfer learning from a million pictures to three thousand (lab 260)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from casebook.case import case
from casebook.cli import main
from casebook.device import DeviceChoice
from casebook.futures import Future
from casebook.language import msg
from casebook.origin import Origin
from casebook.params import CaseParams
from casebook.run import Summary
from casebook.stage import uncached_task
from casebook.store import Ref
from samples.flowers import make_flowers
from tasks.data.clean import clean, drop_pictures_of_two_labels, drop_repeated_pictures
from tasks.data.fetch import fetch
from tasks.data.validate import enforce, suite_text, validate
from tasks.images.backbone import SHAPE, Cut
from tasks.images.explore import explore_pictures
from tasks.images.features import CUT, PLAIN, POOLED, embed, within
from tasks.images.group import group_pictures
from tasks.images.inputs import Pictures
from tasks.images.read import decode
from tasks.images.split import split_grouped_pictures
from tasks.images.transfer import TransferSettings, transfer
from tasks.pages.notes import Notes
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.tables.baselines import Baselines, fit_baselines
from tasks.training.augmentation import Augmentation

Candidate = Literal["course", "frozen", "fine_tuned", "all"]
FURTHER: frozenset[Candidate] = frozenset({"fine_tuned", "all"})
LABELS = ("daisy", "dandelion", "roses", "sunflowers", "tulips")
NEAR = 8  # bits of 64 in which near-duplicates differ at most
PROBLEM = Problem(
    problem_type="multiclass",
    input_kind="picture",
    target="label",
    labels=LABELS,
    output="probabilities",
    primary_metric="accuracy",
    metrics=("accuracy", "balanced_accuracy", "f1", "log_loss"),
)
PROTOCOL = msg(
    "one split, stratified, no near-duplicates across it: 64 % training, 16 % validation, 20 % test"
)


class FlowersParams(CaseParams):
    """What can be set: which strategies, how much of the network learns, how long."""

    candidates: tuple[Candidate, ...] = Field(
        ("course", "frozen", "fine_tuned"),
        min_length=1,
        description="strategies: the lab's head, our head, the upper blocks too, or the whole "
        "network (hours on a CPU)",
    )
    peers: Baselines = Field(
        ("dummy", "logistic_regression"), description="plain models on the frozen features"
    )
    cut: Annotated[
        int, Field(ge=0, le=15, description="`fine_tuned` trains the blocks above this one, of 16")
    ] = 12
    views: Annotated[
        int, Field(ge=2, le=16, description="views of a training picture: two sides, else crops")
    ] = 4
    epochs: Annotated[
        int, Field(ge=1, le=100, description="epochs of `fine_tuned`, each with all views")
    ] = 2
    learning_rate: Annotated[float, Field(gt=0, le=0.1, description="of `fine_tuned`")] = 4e-4
    device: DeviceChoice = Field("auto", description="where to train")
    sample_rows: Annotated[
        int, Field(ge=50, le=5000, description="size of the embedded sample")
    ] = 60


@case
def flowers(params: FlowersParams = FlowersParams()) -> Summary:
    """Tell five kinds of flowers apart with a network that ImageNet trained (lab 260)."""
    origin = fetch("flowers", params.source)
    # a run on the sample is the same everywhere: it looks for no weights, and its network begins at
    # random
    weights = fetch("imagenet_mobilenet", "sample" if origin.kind == "sample" else "real")
    grouped, data = prepare(origin, params)
    profile = explore_pictures.submit(data.table, data.raw, data.problem)
    parts = data.encoded[0]
    if params.profile == "smoke":  # the last block alone learns, and from pictures as they are
        params = params.model_copy(update={"cut": 15, "views": 1})
    features = embed(parts, weights, params.cut, params.views, params.seed, params.device)
    fitted = fit_baselines.submit(
        within(features, PLAIN), params.peers, 100, data.problem, params.seed
    )
    trained = train(parts, features, weights, params)
    baselines = [fitted] if params.peers else []
    about = notes(weights, grouped, trained, params)
    refs: dict[str, list[Ref]] = {name: [trained[name]] for name in params.candidates}
    return evaluate_and_publish(FittedModels(data, refs, baselines, profile, about))


def prepare(origin: Origin, params: FlowersParams) -> tuple[Ref, PreparedData]:
    """Decode, validate, deduplicate, group and split the pictures."""
    raw = decode(origin, SHAPE, make_flowers, params.sample_rows, params.seed, LABELS)
    checked = validate(raw, suite_text("flowers"))
    enforce(checked, "flowers")
    table = clean(checked, (drop_pictures_of_two_labels, drop_repeated_pictures))
    grouped = group_pictures(table, raw, NEAR)
    parts = split_grouped_pictures(grouped, raw, params.seed)
    return grouped, PreparedData(
        PROBLEM,
        ThresholdPolicy(),
        origin,
        raw,
        checked,
        table,
        [parts],
        [parts],
        Pictures(),
        PROTOCOL,
        params.seed,
    )


def train(
    parts: Ref, features: Ref, weights: Origin, params: FlowersParams
) -> dict[Candidate, Ref]:
    """Train the candidates.

    A candidate that trains more than a head starts from the one of `frozen`, which is trained for
    it.
    """
    inputs: dict[Candidate, tuple[Cut, Ref]] = {
        "course": ("pooled", within(features, PLAIN)),
        "frozen": ("pooled", within(features, POOLED)),
        "fine_tuned": (params.cut, within(features, CUT)),
        "all": ("pixels", parts),
    }
    needed = {*params.candidates, *(("frozen",) if FURTHER & set(params.candidates) else ())}
    sent: dict[Candidate, Future] = {}
    for name, (cut, x) in inputs.items():
        if name in needed:
            head = sent["frozen"].result() if name in FURTHER else None
            how = settings(name, params)
            sent[name] = transfer.with_label(name).submit(
                parts, x, cut, weights, head, len(LABELS), how, params.seed
            )
    return {name: future.result() for name, future in sent.items()}


def settings(name: Candidate, params: FlowersParams) -> TransferSettings:
    """Return the training settings of a candidate.

    The smoke profile trains for one epoch and predicts from one view.

    Cut, views and rate of `fine_tuned` were chosen on the validation part of the real data, each
    after two epochs: block 12, four views and 4e-4 (accuracy .944) before block 13 and two views
    with 4e-4 (.926) or 1e-4 (.926, and a greater log loss). For the head alone no rate, dropout or
    number of views made more difference than .01.
    """
    max_epochs = 1 if params.profile == "smoke" else 200
    match name:
        case "course":
            return TransferSettings(epochs=min(5, max_epochs), batch_size=32, device=params.device)
        case "frozen":
            return ours(params, epochs=min(10, max_epochs), batch_size=64, learning_rate=1e-3)
        case "fine_tuned":
            return ours(
                params, epochs=min(params.epochs, max_epochs), learning_rate=params.learning_rate
            )
        case "all":
            mirrored = Augmentation(shift=16, flip=True)
            rate = params.learning_rate / 4
            return ours(
                params,
                epochs=min(params.epochs, max_epochs),
                learning_rate=rate,
                augmentation=mirrored,
            )


def ours(params: FlowersParams, **more: Any) -> TransferSettings:
    """Return what our candidates' settings have in common, with what is one's own."""
    common = TransferSettings(
        batch_size=32,
        schedule="cosine",
        optimizer="adamw",
        weight_decay=0.05,
        dropout=0.3,
        smoothing=0.05,
        views=1 if params.profile == "smoke" else 2,
        device=params.device,
    )
    return common.model_copy(update=more)


@uncached_task
def notes(
    weights: Origin, grouped: Ref, trained: dict[Candidate, Ref], params: FlowersParams
) -> Notes:
    """Describe the initial weights, the trained parts, and the grouping of near-duplicates.

    The trained parts are given for each strategy.
    """
    begins = msg("It began with the weights of {origin}.", origin=weights.location or weights.note)
    if weights.path is None:
        begins = msg(
            "It began with RANDOM weights, as no run on the sample looks for others: nothing here "
            "is transferred."
        )
    facts = grouped.facts
    kept = msg(
        "{grouped:,} pictures are near-duplicates of another one (difference hashes of 64 bits "
        "that differ in at most {distance}) and form {groups:,} groups; no group is in two parts. "
        "Pictures whose very pixels stand under two labels were dropped, as nothing says which "
        "label is right.",
        grouped=facts["grouped"],
        distance=facts["distance"],
        groups=facts["groups"],
    )
    what = {"course": "the head", "frozen": "the head", "all": "everything"}
    strategies = tuple(
        {
            "strategy": name,
            "what learns": what.get(name, f"the head, and the blocks above block {params.cut}"),
            "parameters that learn": f"{ref.facts['trained']:,} of {ref.facts['parameters']:,}",
            "learning rate": f"{settings(name, params).learning_rate:g}",
            "epochs": f"{ref.facts['epochs']} of {ref.facts['views']} views of each picture",
        }
        for name, ref in trained.items()
    )
    return Notes(title=msg("What is transferred"), paragraphs=(begins, kept), tables=(strategies,))


if __name__ == "__main__":
    raise SystemExit(main("flows.flowers"))
