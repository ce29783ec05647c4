"""The labs' own way to serve: Flask's server, and Keras' `predict` on the one row of each request.

`python -m benchmarks.lab_service MODEL.keras PORT` takes `{"instances": [[numbers, ...]]}` at
`/predict`. The numbers are the network's own inputs: unlike ours, this service is spared checking,
naming and scaling raw columns.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

if TYPE_CHECKING:
    from flask import Flask


def create_app(path: Path) -> Flask:
    """Load the network, ask it once, and return the application."""
    from flask import Flask, request

    model = keras.saving.load_model(path, compile=False)
    model.predict(np.zeros((1, *model.input_shape[1:]), "float32"), verbose=0)
    app = Flask(__name__)

    @app.get("/")
    def index() -> dict[str, int]:
        return {"columns": model.input_shape[1]}

    @app.post("/predict")
    def predict() -> dict[str, list[float]]:
        rows = np.asarray(request.get_json()["instances"], "float32")
        return {"predictions": model.predict(rows, verbose=0)[:, 0].tolist()}

    return app


def main(path: Path, port: int) -> None:
    """Serve until told to stop."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # a line per request is no part of the comparison
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    create_app(path).run("127.0.0.1", port)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
