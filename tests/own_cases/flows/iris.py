"""Iris: the species of a flower by four lengths, as text in the table."""

from typing import TYPE_CHECKING, Any

from casebook.case import case
from casebook.cli import main
from casebook.futures import gathered
from casebook.run import Summary
from tasks.aim import Aim
from tasks.build import ensemble, perceptron
from tasks.calibrate import Rule
from tasks.clean import clean, drop_repeats
from tasks.compare import Peer, compare_folds
from tasks.conclude import conclude
from tasks.explore import explore
from tasks.features import fold_features, numbers
from tasks.fetch import fetch
from tasks.ingest import ingest
from tasks.prepared import Prepared
from tasks.split import repeated_folds, split_repeatedly
from tasks.train import Settings
from tasks.train_folds import fit_folds
from tasks.tuned import NetworkParams
from tasks.validate import enforce, suite_text, validate

if TYPE_CHECKING:
    import pandas as pd

DATA, FOLDS = "iris", 2
AIM = Aim(
    kind="multiclass",
    target="Species",
    labels=("setosa", "versicolor", "virginica"),
    output="probabilities",
    primary="log_loss",
    shown=("log_loss", "accuracy", "balanced_accuracy", "f1"),
)


class IrisParams(NetworkParams):
    """What can be set."""

    peers: tuple[Peer, ...] = ("dummy", "logistic_regression")


@case
def iris(params: IrisParams = IrisParams()) -> Summary:
    """Tell the species of an iris by the lengths of its leaves."""
    ready = prepare(params)
    profile = explore.submit(ready.table, DATA, AIM)
    peers = compare_folds.submit(ready.encoded[0].whole, FOLDS, params.peers, 20, AIM, params.seed)
    networks = gathered(
        {
            "course": fit_folds("course", ready, course_network, settings(20), params.seed),
            "ensemble": fit_folds("ensemble", ready, ensemble_network, settings(10), params.seed),
        }
    )
    scores = [peers.result().fold(i) for i in range(FOLDS)]
    return conclude(ready, networks, scores, profile.result(), repeated_folds(FOLDS), params.seed)


def prepare(params: IrisParams) -> Prepared:
    """Fetch, validate, split and encode the flowers."""
    origin = fetch(DATA, params.source)
    raw = ingest(origin, make_flowers, 150, params.seed)
    checked = validate(raw, suite_text(DATA))
    enforce(checked, DATA)
    table = clean(checked, (drop_repeats,))
    parts = split_repeatedly(table, AIM, FOLDS, params.seed)
    encoded = fold_features(parts, FOLDS, AIM, (), lengths)
    each = [[ref.fold(i) for i in range(FOLDS)] for ref in (parts, encoded)]
    return Prepared(AIM, Rule(), origin, raw, checked, table, *each)


def lengths(columns: list[str]) -> Any:
    """Return the encoder."""
    from sklearn.compose import ColumnTransformer

    return ColumnTransformer([("lengths", numbers(), columns)])


def settings(epochs: int) -> Settings:
    """Return how a network is trained."""
    return Settings(epochs=epochs, batch_size=16, learning_rate=1e-2, dropout=0.0)


def course_network(x: Any, y: Any, dropout: float) -> Any:
    """Return a network of a logit for each species."""
    return perceptron(x, (16,), dropout, "course", outputs=3)


def ensemble_network(x: Any, y: Any, dropout: float) -> Any:
    """Return small networks that know nothing of how many species there are."""
    return ensemble(x, (8,), dropout, members=4, bins=4)


def make_flowers(rows: int, seed: int) -> "pd.DataFrame":
    """Make a sample."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 3, rows)
    names = ("Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width")
    columns = {name: (2.0 + kinds + rng.normal(0, 0.6, rows)).round(1) for name in names}
    return pd.DataFrame(columns).assign(Species=np.array(AIM.labels, dtype=object)[kinds])


if __name__ == "__main__":
    raise SystemExit(main("flows.iris"))
