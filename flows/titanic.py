"""Titanic: tell who survived from a passenger list, and what each step of feature engineering is worth (lab 075)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from casebook.case import case
from casebook.cli import main
from casebook.futures import Future, gathered
from casebook.language import Said, say
from casebook.run import Summary
from tasks.ablate import ablate, worth
from tasks.aim import Aim
from tasks.build import ensemble, perceptron
from tasks.calibrate import Rule
from tasks.clean import clean, drop_repeats
from tasks.compare import Peer, compare_folds
from tasks.conclude import conclude
from tasks.derive import Derived, Equals, Log, Matches, Missing, Product, Total
from tasks.explore import explore
from tasks.features import fold_features
from tasks.fetch import fetch
from tasks.ingest import ingest
from tasks.prepared import Prepared
from tasks.report import Notes
from tasks.split import SMALL_FOLDS, split_repeatedly
from tasks.train import Settings
from tasks.train_folds import fit_folds, train_folds
from tasks.tuned import NetworkParams, tuned_network, tuned_settings
from tasks.validate import enforce, suite_text, validate

if TYPE_CHECKING:
    import keras
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.compose import ColumnTransformer

    Floats = NDArray[np.float32]

DATA = "titanic"
AIM = Aim(
    kind="binary", target="Survived", labels=("died", "survived"), primary="accuracy",
    shown=("accuracy", "roc_auc", "f1", "log_loss", "brier"),
)  # fmt: skip
RULE = Rule(by="likelier")

FEMALE = Matches("Sex", "female", "female")
CLASSES = tuple(Equals("Pclass", f"class_{k}", k) for k in (1, 2, 3))
TITLES = {"mr": "Mr", "miss": "Miss|Mlle|Ms", "mrs": "Mrs|Mme", "master": "Master"}  # all others are rare ones

# the lab's feature engineering: the columns that each step derives; a median is also part of the first
STEPS: dict[str, tuple[Derived, ...]] = {
    "missing values: age by its median, and a flag": (Missing("Age", "age_missing"),),
    "skew: the logarithm of the fare": (Log("Fare", "log_fare", offset=1.0),),
    "titles out of names": tuple(Matches("Name", f"title_{k}", rf"[^,]*, ({v})\..*") for k, v in TITLES.items()),
    "categories to numbers: class and port": (
        *CLASSES,
        Matches("Embarked", "port_s", "S?"),  # two are missing; most went aboard at Southampton
        *(Matches("Embarked", f"port_{port.lower()}", port) for port in "CQ"),
    ),
    "sex, and sex by class": (FEMALE, *(Product(FEMALE, k, f"female_{k.name}") for k in CLASSES)),
    "family: its size, and whether there is none aboard": (
        Total(("SibSp", "Parch"), "family", plus=1.0),
        Product(Equals("SibSp", "no_siblings", 0), Equals("Parch", "no_parents", 0), "alone"),
    ),
    "cabin: whether it is known, and its deck": (
        Matches("Cabin", "cabin_known", ".+"),
        *(Matches("Cabin", f"deck_{deck.lower()}", f"{deck}.*") for deck in "ABCDEF"),
    ),
}
DERIVED = tuple(derived for group in STEPS.values() for derived in group)
RAW = ("PassengerId", "Pclass", "Name", "Sex", "Age", "SibSp", "Parch", "Ticket", "Fare", "Cabin", "Embarked")
NOTES = Notes(
    title=say("What each step of the feature engineering is worth"),
    paragraphs=(
        say(
            "Each step is left out in turn and a smaller ensemble (two networks instead of eight) is trained on what "
            "remains, in the same ten folds or fewer. The test rows have no say in it. Without the first step a "
            "missing age counts as 0 years; without the second the fare stays as it is; without any other its columns "
            "are missing. Steps overlap (a title tells the sex), so what one is worth is what the others can't "
            "replace; a change within twice its standard error may be chance."
        ),
    ),
)

Candidate = Literal["course", "ensemble", "tuned"]


class TitanicParams(NetworkParams):
    """What can be set: which models, and what the candidate `tuned` is like."""

    candidates: tuple[Candidate, ...] = Field(
        ("course", "ensemble"), min_length=1, description="networks to train: the lab's, our ensemble, yours"
    )
    peers: tuple[Peer, ...] = Field(
        ("dummy", "logistic_regression", "extra_trees", "gradient_boosting"),
        description="plain models to compare with",
    )
    repeats: Annotated[int, Field(ge=1, le=20, description="times ten folds in the full profile")] = 3
    trees: Annotated[int, Field(ge=10, le=5000, description="size of forests and boosting among the peers")] = 200
    sample_rows: Annotated[int, Field(ge=200, le=1_000_000, description="size of the embedded sample")] = 600


@case
def titanic(params: TitanicParams = TitanicParams()) -> Summary:
    """Tell who survived the Titanic from names, ages and tickets, and what each feature step is worth (lab 075)."""
    ready = prepare(params)
    profile = explore.submit(ready.table, DATA, AIM)
    folds, parts, encoded = len(ready.encoded), ready.parts[0].whole, ready.encoded[0].whole
    trees = 20 if params.profile == "smoke" else params.trees
    peers = compare_folds.submit(encoded, folds, params.peers, trees, AIM, params.seed)
    trained = gathered({name: train_candidate(name, ready, params) for name in params.candidates})

    fewer = min(folds, SMALL_FOLDS)
    reduced = ablate(parts, fewer, AIM, STEPS, standard_scores)
    tried = train_folds.called("ablated")(
        reduced, fewer * (1 + len(STEPS)), small_network, settings(params, "ensemble"), AIM, params.seed
    )

    notes = worth(reduced, tried, fewer, STEPS, AIM, NOTES)

    scores = [peers.result().fold(i) for i in range(folds) if params.peers]
    return conclude(ready, trained, scores, profile.result(), protocol(folds), params.seed, notes, drawn=SMALL_FOLDS)


def prepare(params: TitanicParams) -> Prepared:
    """Fetch the data, and have it checked, rid of repeats, parted and encoded."""
    folds = {"smoke": 2, "standard": SMALL_FOLDS, "full": SMALL_FOLDS * params.repeats}[params.profile]
    origin = fetch(DATA, params.source)
    raw = ingest(origin, make_passengers, params.sample_rows, params.seed)
    checked = validate(raw, suite_text(DATA))
    enforce(checked, DATA)
    passengers = clean(checked, (without_row_number, drop_repeats))
    parts = split_repeatedly(passengers, AIM, folds, params.seed)
    encoded = fold_features(parts, folds, AIM, DERIVED, standard_scores)
    each = [[ref.fold(i) for i in range(folds)] for ref in (parts, encoded)]
    return Prepared(AIM, RULE, origin, raw, checked, passengers, *each)


def train_candidate(name: Candidate, ready: Prepared, params: TitanicParams, label: str = "") -> list[Future]:
    """Train one candidate on all folds, and return each fold's; `label` is another name for it in the store."""
    network = tuned_network(params) if name == "tuned" else NETWORKS[name]
    return fit_folds(label or name, ready, network, settings(params, name), params.seed)


def protocol(folds: int) -> Said:
    """Say how the figures come about."""
    return say("repeated stratified 10-fold cross-validation, mean of {folds} folds", folds=folds)


def without_row_number(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Forget the number of the row in the file: it says nothing of a passenger and would hide repeats."""
    return frame.drop(columns="PassengerId")


def standard_scores(columns: list[str]) -> "ColumnTransformer":
    """Return the encoder: age, fare and all derived columns to mean 0 and deviation 1 of the training part.

    It takes what the steps have left: an age without the flag that says it was missing is filled by 0 instead of the
    median, and the fare is taken as it is if there is no logarithm of it.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    median = "age_missing" in columns
    filled = SimpleImputer(strategy="median") if median else SimpleImputer(strategy="constant", fill_value=0.0)
    taken = [name for name in columns if name not in RAW or (name == "Fare" and "log_fare" not in columns)]
    scale = StandardScaler()
    return ColumnTransformer(
        [("age", make_pipeline(filled, scale), ["Age"]), ("rest", scale, taken)], verbose_feature_names_out=False
    )


def settings(params: TitanicParams, name: Candidate) -> Settings:
    """Return how a candidate is trained; the smoke profile trains for three epochs."""
    most = 3 if params.profile == "smoke" else 1000
    if name == "tuned":
        return tuned_settings(params, most)
    if name == "ensemble":
        return Settings(
            epochs=min(30, most), batch_size=64, learning_rate=3e-3, weight_decay=1.0, dropout=0.2, optimizer="adamw",
            schedule="cosine", refit=True, device=params.device,
        )  # fmt: skip
    return Settings(epochs=min(100, most), batch_size=32, patience=10, dropout=0.0, device=params.device)


def course_network(x: "Floats", y: "Floats", dropout: float) -> "keras.Model":
    """Return the lab's network for each fold: 64 and 32 rectified units, one logit."""
    return perceptron(x, (64, 32), dropout, "course")


def ensemble_network(x: "Floats", y: "Floats", dropout: float, members: int = 8) -> "keras.Model":
    """Return eight small networks per fold."""
    return ensemble(x, (32, 16), dropout, members=members, bins=8)


def small_network(x: "Floats", y: "Floats", dropout: float) -> "keras.Model":
    """Return the ensemble with two members: enough to tell what a step is worth, in a fraction of the time."""
    return ensemble_network(x, y, dropout, members=2)


NETWORKS: "dict[Candidate, Callable[[Floats, Floats, float], keras.Model]]" = {
    "course": course_network,
    "ensemble": ensemble_network,
}


def make_passengers(rows: int, seed: int) -> "pd.DataFrame":
    """Make the embedded sample: passengers with the public file's columns, titles and gaps, and a learnable survival.

    One age in five, three cabins in four and a few ports are missing; women, children and the first class survive
    more often.
    """
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    female = rng.random(rows) < 0.35
    place = rng.choice([1, 2, 3], rows, p=[0.25, 0.2, 0.55])
    age = rng.normal(30, 14, rows).clip(1, 80).round()
    married = rng.random(rows) < 0.5
    title = np.where(female, np.where(married, "Mrs", "Miss"), np.where(age < 14, "Master", "Mr"))
    title[rng.random(rows) < 0.02] = "Dr"
    siblings, parents = (rng.poisson(mean, rows) for mean in (0.5, 0.4))
    deck = np.where(place == 1, rng.choice(list("ABCDE"), rows), rng.choice(list("EF"), rows))
    cabin = pd.Series([f"{letter}{number}" for letter, number in zip(deck, rng.integers(1, 130, rows), strict=True)])
    logit = 2.6 * female + 1.5 * (age < 14) - 0.9 * (place - 2) - 0.25 * siblings - 1.2
    frame = pd.DataFrame(
        {
            "PassengerId": np.arange(1, rows + 1),
            "Survived": (rng.random(rows) < 1 / (1 + np.exp(-1.5 * logit))).astype("int64"),
            "Pclass": place,
            "Name": [f"Sample{i}, {t}. Ada" for i, t in enumerate(title)],
            "Sex": np.where(female, "female", "male"),
            "Age": np.where(rng.random(rows) < 0.2, np.nan, age),
            "SibSp": siblings,
            "Parch": parents,
            "Ticket": rng.integers(1000, 1000 + 2 * rows, rows).astype(str),
            "Fare": np.exp(rng.normal(4.6 - 0.7 * place, 0.5)).round(4),
            "Cabin": cabin.where(rng.random(rows) < np.where(place == 1, 0.8, 0.05)),
            "Embarked": pd.Series(rng.choice(["C", "Q", "S"], rows, p=[0.2, 0.1, 0.7])),
        }
    )
    frame.loc[rng.choice(rows, min(2, rows), replace=False), "Embarked"] = None
    return frame


if __name__ == "__main__":
    raise SystemExit(main("flows.titanic"))
