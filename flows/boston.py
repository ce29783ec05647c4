"""Boston house prices: predict a number from few rows, and say how well with repeated cross-validation (lab 200)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from casebook.case import case
from casebook.cli import main
from casebook.futures import Future, gathered
from casebook.language import say
from casebook.run import Summary
from tasks.aim import Aim
from tasks.build import ensemble, perceptron
from tasks.calibrate import Rule
from tasks.clean import clean, drop_repeats
from tasks.compare import compare_folds
from tasks.conclude import conclude
from tasks.explore import explore
from tasks.features import fold_features
from tasks.fetch import fetch
from tasks.ingest import ingest
from tasks.prepared import Prepared
from tasks.report import Notes
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

DATA = "boston"
AIM = Aim(
    kind="regression", target="MEDV", output="medv", unit="$1,000", primary="rmse", shown=("rmse", "mae", "r2")
)  # fmt: skip
NOTES = Notes(
    title=say("About this data"),
    paragraphs=(
        say(
            "Column B is 1000 (b - 0.63)², b the share of Black inhabitants of a tract: its makers assumed that "
            "segregation moves prices. scikit-learn removed the set in version 1.2 for that reason and because it "
            "can't be used to study that assumption. It stays here as the lab's lesson in regression; the model must "
            "not price anything."
        ),
        say(
            "least_squares is the lab's linear algebra: the normal equation (XᵀX) w = Xᵀy, solved by the "
            "pseudo-inverse."
        ),
    ),
)


class BostonParams(SmallTableParams):
    """What can be set: which models, and what the candidate `tuned` is like."""


@case
def boston(params: BostonParams = BostonParams()) -> Summary:
    """Predict the median price of homes in a tract, with repeated 10-fold cross-validation (lab 200)."""
    ready = prepare(params)
    profile = explore.submit(ready.table, DATA, AIM)
    folds, encoded = len(ready.encoded), ready.encoded[0].whole
    trees = 20 if params.profile == "smoke" else params.trees
    peers = compare_folds.submit(encoded, folds, params.peers, trees, AIM, params.seed)
    trained = gathered({name: train_candidate(name, ready, params) for name in params.candidates})

    scores = [peers.result().fold(i) for i in range(folds) if params.peers]
    return conclude(
        ready, trained, scores, profile.result(), repeated_folds(folds), params.seed, NOTES, drawn=SMALL_FOLDS
    )


def prepare(params: BostonParams) -> Prepared:
    """Fetch the data, and have it checked, rid of repeats, parted and encoded."""
    folds = {"smoke": 2, "standard": SMALL_FOLDS, "full": SMALL_FOLDS * params.repeats}[params.profile]
    origin = fetch(DATA, params.source)
    raw = ingest(origin, make_tracts, params.sample_rows, params.seed)
    checked = validate(raw, suite_text(DATA))
    enforce(checked, DATA)
    tracts = clean(checked, (drop_repeats,))
    parts = split_repeatedly(tracts, AIM, folds, params.seed)
    encoded = fold_features(parts, folds, AIM, (), standard_scores)
    each = [[ref.fold(i) for i in range(folds)] for ref in (parts, encoded)]
    return Prepared(AIM, Rule(), origin, raw, checked, tracts, *each)


def train_candidate(name: Candidate, ready: Prepared, params: BostonParams, label: str = "") -> list[Future]:
    """Train one candidate on all folds, and return each fold's; `label` is another name for it in the store."""
    network = tuned_network(params) if name == "tuned" else NETWORKS[name]
    return fit_folds(label or name, ready, network, settings(params, name), params.seed)


def standard_scores(columns: list[str]) -> "ColumnTransformer":
    """Return the encoder: every column to mean 0 and deviation 1 of the training part."""
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import StandardScaler

    return ColumnTransformer([("scale", StandardScaler(), columns)], verbose_feature_names_out=False)


def settings(params: BostonParams, name: Candidate) -> Settings:
    """Return how a candidate is trained; the smoke profile trains for three epochs."""
    most = 3 if params.profile == "smoke" else 10_000
    if name == "tuned":
        return tuned_settings(params, most)
    if name == "ensemble":
        return Settings(
            epochs=min(80, most), batch_size=64, learning_rate=5e-3, weight_decay=1e-2, dropout=0.0, optimizer="adamw",
            schedule="cosine", log_target=True, refit=True, device=params.device,
        )  # fmt: skip
    return Settings(
        epochs=min(500, most), batch_size=32, learning_rate=1e-3, dropout=0.0, refit=True, device=params.device
    )


def course_network(x: "Floats", y: "Floats", dropout: float) -> "keras.Model":
    """Return the lab's network for each fold: twice 64 rectified units, one answer."""
    return perceptron(x, (64, 64), dropout, "course")


def ensemble_network(x: "Floats", y: "Floats", dropout: float) -> "keras.Model":
    """Return eight small networks per fold."""
    return ensemble(x, (64, 32), dropout, members=8, bins=8)


NETWORKS: "dict[Candidate, Callable[[Floats, Floats, float], keras.Model]]" = {
    "course": course_network,
    "ensemble": ensemble_network,
}


def make_tracts(rows: int, seed: int) -> "pd.DataFrame":
    """Make the embedded sample: tracts with the public file's columns, ranges and skew, and a learnable price."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    wealth, urban = rng.normal(size=rows), rng.normal(size=rows)
    frame = pd.DataFrame(
        {
            "CRIM": np.exp(rng.normal(-1.5 + 1.5 * urban, 1.0)).clip(0.006, 88),
            "ZN": np.where(urban < -0.5, rng.choice([12.5, 25, 40, 80], rows), 0.0),
            "INDUS": (11 + 6 * urban + rng.normal(0, 2, rows)).clip(0.5, 27.7),
            "CHAS": rng.binomial(1, 0.07, rows),
            "NOX": (0.55 + 0.1 * urban + rng.normal(0, 0.03, rows)).clip(0.385, 0.871),
            "RM": (6.3 + 0.6 * wealth + rng.normal(0, 0.3, rows)).clip(3.6, 8.8),
            "AGE": (68 + 25 * urban + rng.normal(0, 10, rows)).clip(2.9, 100),
            "DIS": np.exp(1.2 - 0.5 * urban + rng.normal(0, 0.2, rows)).clip(1.1, 12.1),
            "RAD": rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 24], rows).astype("float64"),
            "TAX": (400 + 120 * urban + rng.normal(0, 40, rows)).clip(187, 711).round(),
            "PTRATIO": (18.5 - wealth + rng.normal(0, 1, rows)).clip(12.6, 22),
            "B": (396.9 - rng.exponential(40, rows)).clip(0.3, 396.9),
            "LSTAT": np.exp(2.4 - 0.5 * wealth + rng.normal(0, 0.2, rows)).clip(1.7, 38),
        }
    )
    price = 22 + 5 * (frame["RM"] - 6.3) - 0.5 * (frame["LSTAT"] - 12) + 3 * frame["CHAS"] + 1.5 * wealth * urban
    frame["MEDV"] = (price + rng.normal(0, 1.5, rows)).clip(5, 50).round(1)
    return frame.round(5)


if __name__ == "__main__":
    raise SystemExit(main("flows.boston"))
