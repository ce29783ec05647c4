"""Wine: the grower of a wine, numbered 1 to 3, by what it contains; one split, and a network of Keras' own layers."""

from typing import TYPE_CHECKING, Any

from casebook.case import case
from casebook.cli import main
from casebook.language import say
from casebook.run import Summary
from tasks.aim import Aim
from tasks.calibrate import Rule
from tasks.clean import clean, drop_repeats
from tasks.compare import Peer, compare
from tasks.conclude import conclude
from tasks.explore import explore
from tasks.features import features
from tasks.fetch import fetch
from tasks.ingest import ingest
from tasks.prepared import Prepared
from tasks.split import split
from tasks.train import Settings, train
from tasks.tuned import NetworkParams
from tasks.validate import enforce, suite_text, validate

if TYPE_CHECKING:
    import pandas as pd

DATA = "wine"
AIM = Aim(
    kind="multiclass",
    target="grower",
    labels=("1", "2", "3"),
    output="probabilities",
    primary="log_loss",
    shown=("log_loss", "accuracy"),
)


class WineParams(NetworkParams):
    """What can be set."""

    peers: tuple[Peer, ...] = ("dummy", "gradient_boosting")


@case
def wine(params: WineParams = WineParams()) -> Summary:
    """Tell the grower of a wine by what it contains."""
    ready = prepare(params)
    profile = explore.submit(ready.table, DATA, AIM)
    (encoded,) = ready.encoded
    peers = compare.submit(encoded, params.peers, 20, AIM, params.seed)
    ways = Settings(epochs=30, patience=30, batch_size=16, learning_rate=1e-2, dropout=0.0, class_weights=True)
    course = train(encoded, encoded, course_network, ways, params.seed)
    protocol = say("one split")
    return conclude(ready, {"course": [course]}, [peers.result()], profile.result(), protocol, params.seed)


def prepare(params: WineParams) -> Prepared:
    """Fetch, validate, split and encode the wines."""
    origin = fetch(DATA, params.source)
    raw = ingest(origin, make_wines, 200, params.seed)
    checked = validate(raw, suite_text(DATA))
    enforce(checked, DATA)
    table = clean(checked, (drop_repeats,))
    parts = split(table, AIM.target, 0, params.seed)
    encoded = features(parts, AIM, (), contents)
    return Prepared(AIM, Rule(), origin, raw, checked, table, [parts], [encoded])


def contents(columns: list[str]) -> Any:
    """Return the encoder."""
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import RobustScaler

    return ColumnTransformer([("contents", RobustScaler(), columns)])


def course_network(x: Any, y: Any, dropout: float) -> Any:
    """Return a network as anybody writes it: a logit for each grower."""
    import keras
    from keras import layers

    return keras.Sequential([keras.Input((x.shape[1],)), layers.Dense(16, "relu"), layers.Dense(3)], name="course")


def make_wines(rows: int, seed: int) -> "pd.DataFrame":
    """Make a sample."""
    import numpy as np
    import pandas as pd

    from casebook.catalog import data_set

    rng = np.random.default_rng(seed)
    grower = rng.integers(1, 4, rows)
    names = [name for name in data_set(DATA).columns if name != AIM.target]
    columns = {name: (10 + grower + rng.normal(0, 1.5, rows)).round(2) for name in names}
    return pd.DataFrame(columns).assign(grower=grower)


if __name__ == "__main__":
    raise SystemExit(main("flows.wine"))
