"""Card fraud: find the few fraudulent payments among many, from the raw file to a served probability (lab 220)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from casebook.case import case
from casebook.catalog import data_set
from casebook.cli import main
from casebook.futures import Future, gathered
from casebook.language import Said, say
from casebook.run import Summary
from casebook.store import Ref
from tasks.aim import Aim
from tasks.build import piecewise, side_by_side
from tasks.calibrate import Rule
from tasks.clean import clean, drop_repeats
from tasks.compare import Peer, compare
from tasks.conclude import conclude
from tasks.derive import HourOfDay, Log
from tasks.explore import explore
from tasks.features import features
from tasks.fetch import Origin, fetch
from tasks.ingest import ingest
from tasks.prepared import Prepared
from tasks.resample import Way, resample
from tasks.split import FOLDS, split
from tasks.train import Settings, train
from tasks.tuned import NetworkParams, tuned_network, tuned_settings
from tasks.validate import enforce, suite_text, validate

if TYPE_CHECKING:
    import keras
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.compose import ColumnTransformer

    Floats = NDArray[np.float32]

DATA = "creditcard"
DERIVED = (HourOfDay("Time", "hour"), Log("Amount", "log_amount"))

AIM = Aim(
    kind="binary", target="Class", labels=("normal", "fraud"), primary="auprc",
    shown=("auprc", "roc_auc", "f1", "precision", "recall", "balanced_accuracy", "brier"),
)  # fmt: skip

Candidate = Literal["course", "course_weights", "course_over_under", "course_smote", "tuned", "ensemble"]


class FraudParams(NetworkParams):
    """What can be set: which models, what the candidate `tuned` is like, what an error costs."""

    candidates: tuple[Candidate, ...] = Field(
        ("course", "course_weights", "course_over_under", "course_smote", "ensemble"),
        min_length=1,
        description="networks to train: the lab's with its ways to meet imbalance, our ensemble, yours",
    )
    peers: tuple[Peer, ...] = Field(
        ("dummy", "logistic_regression", "extra_trees", "gradient_boosting"),
        description="plain models to compare with",
    )
    batch_size: Annotated[int, Field(ge=16, le=65536, description="rows per training step of `tuned`")] = 2048
    trees: Annotated[int, Field(ge=10, le=5000, description="size of the forests among the peers")] = 300
    threshold_by: Literal["cost", "f_beta"] = Field("cost", description="what the threshold is chosen by")
    cost_missed: Annotated[float, Field(gt=0, le=1e9, description="cost of a missed fraud, in EUR")] = 100.0
    cost_alert: Annotated[float, Field(gt=0, le=1e9, description="cost of looking into an alert, in EUR")] = 5.0
    beta: Annotated[float, Field(gt=0, le=10, description="how much more recall counts than precision")] = 1.0
    sample_rows: Annotated[int, Field(ge=1000, le=10_000_000, description="size of the embedded sample")] = 6000


@case
def fraud(params: FraudParams = FraudParams()) -> Summary:
    """Find the few fraudulent card payments among many, and serve the probability of fraud (lab 220)."""
    ready = prepare(params)
    profile = explore.submit(ready.table, DATA, AIM)
    trees = 20 if params.profile == "smoke" else params.trees
    peers = [
        compare.called(fold).submit(encoded, params.peers, trees, AIM, params.seed)
        for fold, encoded in enumerate(ready.encoded if params.peers else [])
    ]
    trained = gathered({name: train_candidate(name, ready, params) for name in params.candidates})

    scores = [peer.result() for peer in peers]
    return conclude(
        ready, trained, scores, profile.result(), protocol(len(ready.encoded)), params.seed,
        base_rate=base_rate(ready.origin),
    )  # fmt: skip


def prepare(params: FraudParams) -> Prepared:
    """Fetch the payments, and have them checked, rid of repeats, parted and encoded."""
    folds = range(FOLDS if params.profile == "full" else 1)
    origin = fetch(DATA, params.source)
    raw = ingest(origin, make_payments, params.sample_rows, params.seed)
    checked = validate(raw, suite_text(DATA))
    enforce(checked, DATA)
    payments = clean(checked, (drop_repeats,))
    parts = [split.called(fold)(payments, AIM.target, fold, params.seed) for fold in folds]
    encoded = [features.called(fold)(parts[fold], AIM, DERIVED, standard_scores) for fold in folds]
    rule = Rule(by=params.threshold_by, cost_missed=params.cost_missed, cost_alert=params.cost_alert, beta=params.beta)
    return Prepared(AIM, rule, origin, raw, checked, payments, parts, encoded)


def train_candidate(name: Candidate, ready: Prepared, params: FraudParams, label: str = "") -> list[Future]:
    """Train one candidate on each fold; `label` is another name for it in the store."""
    network = tuned_network(params) if name == "tuned" else NETWORKS[name]
    return [
        train.called(f"{label or name}-{fold}").submit(
            encoded, rows_for(name, encoded, fold, params.seed), network, settings(params, name), params.seed
        )
        for fold, encoded in enumerate(ready.encoded)
    ]


def rows_for(name: Candidate, encoded: Ref, fold: int, seed: int) -> Ref:
    """Return the training rows of a candidate, resampled if that is its way to meet imbalance."""
    if name not in RESAMPLED:
        return encoded
    return resample.called(f"{RESAMPLED[name]}-{fold}")(encoded, RESAMPLED[name], seed)


def protocol(folds: int) -> Said:
    """Say how the figures come about."""
    if folds == 1:
        return say("repeats dropped; stratified training, validation and test parts of 64, 16 and 20 %; one split")
    return say(
        "repeats dropped; stratified training, validation and test parts of 64, 16 and 20 %; mean of {folds} outer "
        "folds",
        folds=folds,
    )


def base_rate(origin: Origin) -> float | None:
    """Return the share of frauds in the public file, which a subset of it lacks; a sample has no such whole."""
    entry = data_set(DATA)
    if origin.kind == "sample" or entry.population_rows is None or entry.population_positives is None:
        return None
    return entry.population_positives / entry.population_rows


def standard_scores(columns: list[str]) -> "ColumnTransformer":
    """Return the encoder: all but the raw time and amount to mean 0 and deviation 1 of the training part."""
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import StandardScaler

    kept = [name for name in columns if name not in ("Time", "Amount")]
    return ColumnTransformer([("scale", StandardScaler(), kept)], verbose_feature_names_out=False)


def settings(params: FraudParams, name: Candidate) -> Settings:
    """Return how a candidate is trained; the smoke profile trains for three epochs."""
    most = 3 if params.profile == "smoke" else 10_000
    if name == "tuned":
        return tuned_settings(params, most)
    if name == "ensemble":
        return Settings(
            epochs=min(15, most), batch_size=512, learning_rate=6e-3, weight_decay=1e-2, optimizer="adamw",
            schedule="cosine", refit=True, device=params.device,
        )  # fmt: skip
    return Settings(
        epochs=min(100, most), batch_size=2048, patience=10, learning_rate=1e-3, dropout=0.2,
        class_weights=name == "course_weights", device=params.device,
    )  # fmt: skip


def course_network(x: "Floats", y: "Floats", dropout: float) -> "keras.Model":
    """Return the lab's network: 32 and 16 rectified units with dropout behind each, one logit."""
    import keras
    from keras import layers

    stack = [keras.Input((x.shape[1],))]
    for units in (32, 16):
        stack += [layers.Dense(units, activation="relu"), layers.Dropout(dropout)]
    return keras.Sequential([*stack, layers.Dense(1)], name="course")


MEMBERS = 8
BINS = 16


def ensemble_network(x: "Floats", y: "Floats", dropout: float) -> "keras.Model":
    """Return eight small networks trained as one, on piecewise-linear encodings of each feature.

    A plain network on scaled features loses to trees here because frauds differ at the edges of single features.
    Each feature is therefore also given as its position within each of 16 quantile bins of the training part.
    """
    import keras

    inputs = keras.Input((x.shape[1],))
    return keras.Model(inputs, side_by_side(piecewise(inputs, x, BINS), MEMBERS, (64, 32)), name="ensemble")


NETWORKS: "dict[Candidate, Callable[[Floats, Floats, float], keras.Model]]" = {
    "course": course_network,
    "course_weights": course_network,
    "course_over_under": course_network,
    "course_smote": course_network,
    "ensemble": ensemble_network,
}
RESAMPLED: dict[Candidate, Way] = {"course_over_under": "over_under", "course_smote": "smote"}


def make_payments(rows: int, seed: int) -> "pd.DataFrame":
    """Make the embedded sample: payments with the public file's columns, ranges, skew, repeats and a learnable fraud.

    Frauds are 1 in 50, but no more than the public file's 492; they are shifted in a few components, each a bit
    differently, and some look normal. One row in a thousand is a repeat, one in two thousand lacks its amount.
    """
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    frauds = min(rows // 50, 492)
    label = np.zeros(rows, dtype="int64")
    label[rng.choice(rows, frauds, replace=False)] = 1
    spread = np.linspace(1.9, 0.3, 28)
    values = rng.standard_t(4, size=(rows, 28)) * spread * 0.7
    shifts = {2: -4.0, 3: 3.0, 9: -3.5, 11: -4.5, 13: -5.0, 16: -3.0}
    strength = rng.gamma(2.0, 0.5, size=rows) * label
    for component, shift in shifts.items():
        values[:, component] += shift * strength * rng.uniform(0.4, 1.4, size=rows)
    frame = pd.DataFrame(values.clip(-100, 100), columns=[f"V{i}" for i in range(1, 29)])
    frame.insert(0, "Time", np.sort(rng.integers(0, 172_793, size=rows)).astype("float64"))
    amount = np.exp(rng.normal(3.1, 1.6, size=rows)).round(2).clip(0, 25_000)
    amount[rng.random(rows) < 0.0005] = np.nan
    frame["Amount"], frame["Class"] = amount, label
    repeats = rng.choice(rows - 1, rows // 1000, replace=False)
    frame.iloc[repeats + 1] = frame.iloc[repeats].to_numpy()
    return frame.astype({"Class": "int64"})


if __name__ == "__main__":
    raise SystemExit(main("flows.fraud"))
