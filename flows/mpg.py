"""Fuel economy of cars: a number from seven plain facts, for a service that people type into (lab 901)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from casebook.case import case
from casebook.cli import main
from casebook.futures import Future, gathered
from casebook.run import Summary
from tasks.aim import Aim
from tasks.build import ensemble, perceptron
from tasks.calibrate import Rule
from tasks.clean import clean, drop_repeats
from tasks.compare import compare_folds
from tasks.conclude import conclude
from tasks.explore import explore
from tasks.features import fold_features, numbers, one_hot
from tasks.fetch import fetch
from tasks.ingest import ingest
from tasks.prepared import Prepared
from tasks.split import SMALL_FOLDS, repeated_folds, split_repeatedly
from tasks.train import Settings
from tasks.train_folds import fit_folds
from tasks.tuned import Candidate, SmallTableParams, tuned_network, tuned_settings
from tasks.validate import enforce, suite_text, validate

if TYPE_CHECKING:
    import keras
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.compose import ColumnTransformer

    Floats = NDArray[np.float32]

DATA = "mpg"
AIM = Aim(
    kind="regression", target="mpg", output="mpg", unit="miles per gallon", primary="rmse", shown=("rmse", "mae", "r2")
)  # fmt: skip
ORIGINS = (1, 2, 3)


class MpgParams(SmallTableParams):
    """What can be set: which models, and what the candidate `tuned` is like."""


@case
def mpg(params: MpgParams = MpgParams()) -> Summary:
    """Predict the fuel economy of a car from seven plain facts, and publish the model behind `/api/mpg` (lab 901)."""
    ready = prepare(params)
    profile = explore.submit(ready.table, DATA, AIM)
    folds, encoded = len(ready.encoded), ready.encoded[0].whole
    trees = 20 if params.profile == "smoke" else params.trees
    peers = compare_folds.submit(encoded, folds, params.peers, trees, AIM, params.seed)
    trained = gathered({name: train_candidate(name, ready, params) for name in params.candidates})

    scores = [peers.result().fold(i) for i in range(folds) if params.peers]
    return conclude(ready, trained, scores, profile.result(), repeated_folds(folds), params.seed, drawn=SMALL_FOLDS)


def prepare(params: MpgParams) -> Prepared:
    """Fetch the data, and have it checked, rid of repeats, parted and encoded."""
    folds = {"smoke": 2, "standard": SMALL_FOLDS, "full": SMALL_FOLDS * params.repeats}[params.profile]
    origin = fetch(DATA, params.source)
    raw = ingest(origin, make_cars, params.sample_rows, params.seed)
    checked = validate(raw, suite_text(DATA))
    enforce(checked, DATA)
    cars = clean(checked, (drop_repeats,))
    parts = split_repeatedly(cars, AIM, folds, params.seed)
    encoded = fold_features(parts, folds, AIM, (), facts)
    each = [[ref.fold(i) for i in range(folds)] for ref in (parts, encoded)]
    return Prepared(AIM, Rule(), origin, raw, checked, cars, *each)


def train_candidate(name: Candidate, ready: Prepared, params: MpgParams, label: str = "") -> list[Future]:
    """Train one candidate on all folds, and return each fold's; `label` is another name for it in the store."""
    network = tuned_network(params) if name == "tuned" else NETWORKS[name]
    return fit_folds(label or name, ready, network, settings(params, name), params.seed)


def facts(columns: list[str]) -> "ColumnTransformer":
    """Return the encoder: numbers to mean 0 and deviation 1, missing ones to the median; a column per origin alike."""
    from sklearn.compose import ColumnTransformer

    plain = [name for name in columns if name != "origin"]
    return ColumnTransformer([("number", numbers("median"), plain), ("origin", one_hot(ORIGINS), ["origin"])])


def settings(params: MpgParams, name: Candidate) -> Settings:
    """Return how a candidate is trained; the smoke profile trains for three epochs."""
    most = 3 if params.profile == "smoke" else 10_000
    if name == "tuned":
        return tuned_settings(params, most)
    if name == "ensemble":
        return Settings(
            epochs=min(50, most), batch_size=64, learning_rate=5e-3, weight_decay=1e-2, dropout=0.05,
            optimizer="adamw", schedule="cosine", log_target=True, refit=True, device=params.device,
        )  # fmt: skip
    return Settings(
        epochs=min(1000, most), batch_size=32, patience=10, learning_rate=1e-3, dropout=0.0, optimizer="rmsprop",
        device=params.device,
    )  # fmt: skip


def course_network(x: "Floats", y: "Floats", dropout: float) -> "keras.Model":
    """Return the lab's network for each fold: twice 64 rectified units, one answer."""
    return perceptron(x, (64, 64), dropout, "course")


def ensemble_network(x: "Floats", y: "Floats", dropout: float) -> "keras.Model":
    """Return eight small networks per fold."""
    return ensemble(x, (64, 64, 32), dropout, members=8, bins=6)


NETWORKS: "dict[Candidate, Callable[[Floats, Floats, float], keras.Model]]" = {
    "course": course_network,
    "ensemble": ensemble_network,
}


def make_cars(rows: int, seed: int) -> "pd.DataFrame":
    """Make the embedded sample: cars with the public file's columns and ranges; two in a hundred lack horsepower."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    cylinders = rng.choice([3, 4, 5, 6, 8], rows, p=[0.01, 0.51, 0.01, 0.21, 0.26])
    year = rng.integers(70, 83, rows)
    weight = (1000 + 380 * cylinders + rng.normal(0, 250, rows)).clip(1600, 5200).round()
    horsepower = (weight / 28 + 6 * (cylinders - 4) + rng.normal(0, 9, rows)).clip(46, 230).round()
    frame = pd.DataFrame(
        {
            "cylinders": cylinders,
            "displacement": (cylinders * 38 + rng.normal(0, 18, rows)).clip(68, 455).round(),
            "horsepower": np.where(rng.random(rows) < 0.02, np.nan, horsepower),
            "weight": weight,
            "acceleration": (24 - horsepower / 13 + rng.normal(0, 1.5, rows)).clip(8, 24.8).round(1),
            "year": year,
            "origin": np.where(cylinders > 5, 1, rng.integers(1, 4, rows)),
        }
    )
    economy = 62_000 / weight * (1 + 0.03 * (year - 76)) + (frame["origin"] - 1) * 0.8
    frame.insert(0, "mpg", (economy + rng.normal(0, 1.5, rows)).clip(9, 46.6).round(1))
    return frame


if __name__ == "__main__":
    raise SystemExit(main("flows.mpg"))
