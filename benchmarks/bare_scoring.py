"""Score a file the plain way.

The whole file is read into memory, scored by one call of the model, and written again.
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd


def main(model: Path, given: Path, output: Path) -> None:
    """Score a parquet file with a published graph, as a notebook would."""
    frame = pd.read_parquet(given)
    session = onnxruntime.InferenceSession(model.read_bytes(), providers=["CPUExecutionProvider"])
    feeds = {node.name: frame[[node.name]].to_numpy(np.float32) for node in session.get_inputs()}
    frame["probability"] = session.run(["probability"], feeds)[0].reshape(-1)
    frame.to_parquet(output)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
