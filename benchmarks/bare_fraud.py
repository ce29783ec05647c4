"""The lab's fraud network as the plain Keras script somebody would write without Casebook.

The flow is compared with it.

`python -m benchmarks.bare_fraud FILE` reads the payments (parquet or CSV), trains, and prints the
metrics of the test split. It checks, keeps, reports and publishes nothing.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TypeAlias

import keras
import numpy as np
import pandas as pd
from keras import layers
from numpy import typing as npt
from sklearn import metrics, model_selection, preprocessing

from casebook.array_types import Float32Array

Part: TypeAlias = "tuple[Float32Array, npt.NDArray[np.int64]]"


def main(path: Path, epochs: int) -> None:
    """Train on 64 % of the payments, and print the test metrics.

    Another 16 % serve for early stopping, and the remaining 20 % for testing.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

    keras.utils.set_random_seed(0)
    training, validation, test = scaled(parts(payments(path)))
    model = network(training[0].shape[1])
    trained = fit(model, training, validation, epochs)
    print(json.dumps({"epochs": trained, **figures(model, test)}))


def payments(path: Path) -> pd.DataFrame:
    """Read the payments without duplicates and missing values.

    The time becomes the hour of the day, and the amount its logarithm.
    """
    table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    table = table.drop_duplicates().dropna()
    hour, log_amount = table["Time"] % 86_400 / 3600, np.log(table["Amount"] + 1e-3)
    return table.drop(columns=["Time", "Amount"]).assign(hour=hour, log_amount=log_amount)


def parts(table: pd.DataFrame) -> list[Part]:
    """Return the training, validation and test parts, with the same share of frauds in each."""
    y = table["Class"].to_numpy("int64")
    x = table.drop(columns="Class").to_numpy("float32")
    x, x_test, y, y_test = model_selection.train_test_split(
        x, y, test_size=0.2, stratify=y, random_state=0
    )
    x, x_validation, y, y_validation = model_selection.train_test_split(
        x, y, test_size=0.2, stratify=y, random_state=0
    )
    return [(x, y), (x_validation, y_validation), (x_test, y_test)]


def scaled(unscaled: list[Part]) -> list[Part]:
    """Standardize every column of the splits by the training split, which comes first.

    In the training split each column then has mean 0 and standard deviation 1.
    """
    scaler = preprocessing.StandardScaler().fit(unscaled[0][0])
    return [(scaler.transform(x), y) for x, y in unscaled]


def network(columns: int) -> keras.Model:
    """Return the lab's network, compiled."""
    model = keras.Sequential([keras.Input((columns,))])
    for units in (32, 16):
        model.add(layers.Dense(units, activation="relu"))
        model.add(layers.Dropout(0.2))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(
        optimizer="adam", loss="binary_crossentropy", metrics=[keras.metrics.AUC(name="auc")]
    )
    return model


def fit(model: keras.Model, training: Part, validation: Part, epochs: int) -> int:
    """Train with early stopping, and return the number of epochs.

    Training stops when validation AUC has not risen for ten epochs, and the best weights are
    restored.
    """
    stop = keras.callbacks.EarlyStopping(
        "val_auc", mode="max", patience=10, restore_best_weights=True
    )
    history = model.fit(
        *training,
        batch_size=2048,
        epochs=epochs,
        validation_data=validation,
        callbacks=[stop],
        verbose=0,
    )
    return len(history.epoch)


def figures(model: keras.Model, test: Part) -> dict[str, float]:
    """Return AUPRC, ROC AUC and, at one half, F1 on the test part."""
    x, y = test
    probability = model.predict(x, verbose=0)[:, 0]
    return {
        "auprc": float(metrics.average_precision_score(y, probability)),
        "roc_auc": float(metrics.roc_auc_score(y, probability)),
        "f1": float(metrics.f1_score(y, probability > 0.5)),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100)
