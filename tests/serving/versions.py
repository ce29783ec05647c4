"""Publish and promote small real models as the flows do."""

import base64
import hashlib
import io
import json
from pathlib import Path

from PIL import Image

from casebook import paths
from tests.serving.graphs import (
    digit,
    fraud_graph,
    mpg_graph,
    picture_graph,
    probability,
    ranking,
)
from tests.serving.signatures import COLOURS, FRAUD, MNIST, MPG, ROWS, Row


def publish_rows(
    case: str, version: int, parameter: float, promote: bool = True, trained_on: str = "real"
) -> Path:
    """Publish a version of `fraud` or `mpg`; `parameter` is the graph's bias or slope."""
    signature = {"fraud": FRAUD, "mpg": MPG}[case] | {"trained_on": trained_on}
    answer: Row = {"mpg": parameter * 3000}
    graph = mpg_graph(parameter) if case == "mpg" else fraud_graph(parameter)
    if case == "fraud":
        value = probability(ROWS[case][0], parameter)
        answer = {"probability": value, "label": ["normal", "fraud"][value >= 0.31]}
    folder = write(case, version, graph, signature, ROWS[case], [answer])
    if promote:
        point(case, str(version))
    return folder


def publish_classifier(case: str = "mnist", version: int = 1, scale: float = 0.001) -> Path:
    """Publish a version of `mnist` (grey) or `colours`."""
    signature = {"mnist": MNIST, "colours": COLOURS}[case]
    answer = (
        digit(0, scale) if case == "mnist" else ranking(["red", "green", "blue"], [0.0, 0.0, 0.0])
    )
    instances = [{"picture": {"b64": in_base64(png(0))}}]
    folder = write(case, version, picture_graph(signature, scale), signature, instances, [answer])
    point(case, str(version))
    return folder


def write(
    case: str,
    version: int,
    graph: bytes,
    signature: Row,
    instances: list[Row],
    predictions: list[Row],
) -> Path:
    """Write a version's folder as the flows do."""
    metrics = {
        "case": case,
        "primary_metric": "auprc",
        "champion": "wide",
        "candidates": {"wide": {"auprc": {"value": 0.8, "low": 0.7, "high": 0.9}}},
    }
    folder = paths.models(case) / str(version)
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(graph)
    (folder / "model.keras").write_bytes(b"keras")
    (folder / "card.md").write_text("# Card\n")
    contents: Row = {"signature": signature, "metrics": metrics}
    contents |= {
        "sample_request": {"instances": instances},
        "sample_response": {"predictions": predictions},
    }
    for name, content in contents.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    seal(folder)
    return folder


def seal(folder: Path) -> None:
    """Write the manifest of a version as it lies there."""
    file_paths = [path for path in folder.iterdir() if path.name != "manifest.json"]
    files = {
        p.name: {"sha256": hashlib.sha256(p.read_bytes()).hexdigest(), "bytes": p.stat().st_size}
        for p in file_paths
    }
    content = {
        "case": folder.parent.name,
        "trained_on": "real",
        "primary_metric": "auprc",
        "run_id": "r1",
    }
    (folder / "manifest.json").write_text(
        json.dumps(content | {"created": "2026-01-01T00:00:00Z", "files": files})
    )


def point(case: str, version: str) -> None:
    """Move a production pointer as the promote flow does: atomically."""
    pointer = paths.models(case) / "production"
    fresh = pointer.with_name("production.new")
    fresh.write_text(f"{version}\n")
    fresh.replace(pointer)


def png(grey: int, size: tuple[int, int] = (6, 8)) -> bytes:
    """Return an even grey picture as PNG."""
    stream = io.BytesIO()
    Image.new("L", size, grey).save(stream, "PNG")
    return stream.getvalue()


def in_base64(content: bytes) -> str:
    """Return bytes as JSON can hold them."""
    return base64.b64encode(content).decode()
