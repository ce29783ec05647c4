"""Penguins: the species of a penguin by its measures, where some are missing and others are text."""

from typing import TYPE_CHECKING, Any

from casebook.case import case
from casebook.cli import main
from casebook.futures import gathered
from casebook.run import Summary
from tasks.aim import Aim
from tasks.build import ensemble
from tasks.calibrate import Rule
from tasks.clean import clean, drop_repeats
from tasks.compare import Peer, compare_folds
from tasks.conclude import conclude
from tasks.explore import explore
from tasks.features import fold_features, numbers, one_hot
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

DATA, FOLDS = "penguins", 2
AIM = Aim(
    kind="multiclass",
    target="species",
    labels=("Adelie", "Chinstrap", "Gentoo"),
    output="probabilities",
    primary="log_loss",
    shown=("log_loss", "accuracy"),
)
KINDS = {"island": ("Biscoe", "Dream", "Torgersen"), "sex": ("female", "male")}


class PenguinsParams(NetworkParams):
    """What can be set."""

    peers: tuple[Peer, ...] = ("dummy", "extra_trees")


@case
def penguins(params: PenguinsParams = PenguinsParams()) -> Summary:
    """Tell the species of a penguin by its measures."""
    ready = prepare(params)
    profile = explore.submit(ready.table, DATA, AIM)
    peers = compare_folds.submit(ready.encoded[0].whole, FOLDS, params.peers, 20, AIM, params.seed)
    ways = Settings(epochs=10, batch_size=32, learning_rate=1e-2, dropout=0.0, refit=True)
    networks = gathered({"ensemble": fit_folds("ensemble", ready, ensemble_network, ways, params.seed)})
    scores = [peers.result().fold(i) for i in range(FOLDS)]
    return conclude(ready, networks, scores, profile.result(), repeated_folds(FOLDS), params.seed)


def prepare(params: PenguinsParams) -> Prepared:
    """Fetch, validate, split and encode the penguins."""
    origin = fetch(DATA, params.source)
    raw = ingest(origin, make_penguins, 300, params.seed)
    checked = validate(raw, suite_text(DATA))
    enforce(checked, DATA)
    table = clean(checked, (drop_repeats,))
    parts = split_repeatedly(table, AIM, FOLDS, params.seed)
    encoded = fold_features(parts, FOLDS, AIM, (), measures)
    each = [[ref.fold(i) for i in range(FOLDS)] for ref in (parts, encoded)]
    return Prepared(AIM, Rule(by="likelier"), origin, raw, checked, table, *each)


def measures(columns: list[str]) -> Any:
    """Return the encoder."""
    from sklearn.compose import ColumnTransformer

    plain = [name for name in columns if name not in KINDS]
    coded = [(name, one_hot(values), [name]) for name, values in KINDS.items()]
    return ColumnTransformer([("numbers", numbers(), plain), *coded])


def ensemble_network(x: Any, y: Any, dropout: float) -> Any:
    """Return small networks."""
    return ensemble(x, (16,), dropout, members=4, bins=6)


def make_penguins(rows: int, seed: int) -> "pd.DataFrame":
    """Make a sample."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 3, rows)
    return pd.DataFrame(
        {
            "species": np.array(AIM.labels, dtype=object)[kinds],
            "island": rng.choice(KINDS["island"], rows),
            "bill_length_mm": (38 + 5 * kinds + rng.normal(0, 3, rows)).round(1),
            "bill_depth_mm": (18 - kinds + rng.normal(0, 1, rows)).round(1),
            "flipper_length_mm": (190 + 12 * kinds + rng.normal(0, 6, rows)).round(),
            "body_mass_g": (3700 + 500 * kinds + rng.normal(0, 400, rows)).round(-1),
            "sex": rng.choice(KINDS["sex"], rows),
        }
    )


if __name__ == "__main__":
    raise SystemExit(main("flows.penguins"))
