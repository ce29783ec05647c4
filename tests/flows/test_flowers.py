"""Flowers, from the file to a published model, on the sample.

MobileNetV2 runs unchanged, on the real weights.
"""

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageFilter

from casebook.errors import CasebookError
from flows.imagenet import named
from samples.flowers import make_flowers
from serving.bundle import load
from tests.flows.house import SMOKE, House, fails_at_the_end, house, house_after
from tests.flows.recomputed import check_figures
from tests.rehearsal.notebooks import check_notebook


@pytest.fixture(scope="module")
def flowers(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which the flowers ran once on the sample."""
    return house_after(tmp_path_factory.mktemp("flowers"), prefect_server, "flows.flowers", *SMOKE)


def test_a_run_leaves_every_strategy_with_figures_and_says_that_its_weights_were_random(
    flowers: House,
) -> None:
    run = flowers.runs("flowers")[0]
    metrics = flowers.record(run, "metrics.json")
    assert metrics["test"]["rows"] == 10
    assert list(metrics["candidates"]) == ["course", "frozen", "fine_tuned"]
    assert set(metrics["peers"]) == {"dummy", "logistic_regression"}
    assert metrics["course"] == "course"
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Sample data" in page and "RANDOM weights" in page
    assert "near-duplicates" in page


def test_features_are_computed_once(flowers: House) -> None:
    stages = [
        name
        for name in flowers.statuses(flowers.runs("flowers")[0])
        if name.startswith(("embed", "transfer"))
    ]
    assert stages == ["embed", "transfer-course", "transfer-frozen", "transfer-fine_tuned"]


def test_the_published_graph_takes_raw_pictures(flowers: House) -> None:
    predictor = load(flowers.artifacts / "models" / "flowers" / "1")
    signature = predictor.content
    assert signature["output"]["labels"] == ["daisy", "dandelion", "roses", "sunflowers", "tulips"]  # type: ignore[index]
    predictions: Any = predictor.predict(predictor.sample[:2])
    assert sum(answer["probability"] for answer in predictions[0]["top"]) == pytest.approx(
        1, abs=1e-4
    )


def stored(path: Path, rows: int, **columns: Any) -> Path:
    pictures, labels = make_flowers(rows, 0)
    images = []
    for picture in pictures:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG")
        images.append(buffer.getvalue())
    frame = pd.DataFrame({"image": images, "label": labels, "split": "train"})
    frame.assign(**columns).to_parquet(path)
    return path


def fails(house: House, path: Path, *words: str) -> None:
    house.here("flows.flowers", "--source", str(path), "--profile", "smoke", "--peers").complains(
        *words
    )


def with_weights(empty: House, folder: Path) -> House:
    """Return the house with a file in the weights' place.

    The weights need to be fetched before the pictures are read.
    """
    there = folder / "raw" / "imagenet_mobilenet"
    there.mkdir(parents=True)
    (there / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5").write_bytes(b"weights")
    return empty


def test_wrong_files_end_in_one_paragraph(empty: House, tmp_path: Path) -> None:
    workspace = with_weights(empty, tmp_path)
    fails(workspace, stored(tmp_path / "a.parquet", 60, label=9), "label", "validation.html")
    fails(workspace, stored(tmp_path / "b.parquet", 45), "validation.html")
    (tmp_path / "c.tgz").write_bytes(b"no archive")
    fails(workspace, tmp_path / "c.tgz", "c.tgz can't be read as tgz")


def test_weights_that_are_none_end_in_one_paragraph(empty: House, tmp_path: Path) -> None:
    fails(
        with_weights(empty, tmp_path),
        stored(tmp_path / "a.parquet", 80),
        "holds no weights of MobileNetV2",
    )


def test_without_weights_nothing_is_published_as_if_it_knew_a_thousand_things(empty: House) -> None:
    done = empty.here("flows.imagenet", "--source", "sample")
    assert done.code == 1
    paragraph = done.err.strip().splitlines()[-1]
    for word in (
        "mobilenet_v2_1.0_224.weights.h5",
        "imagenet_mobilenet",
        "CASEBOOK_DATA_MIRROR",
        "no sample",
    ):
        assert word in paragraph
    assert not (empty.artifacts / "models").exists()


def test_names_are_for_people_and_tell_two_cranes_apart(tmp_path: Path) -> None:
    index = {str(i): [f"n{i}", f"thing_{i}"] for i in range(1000)}
    index |= {"134": ["n020", "crane"], "517": ["n031", "Crane"]}
    (tmp_path / "names.json").write_text(json.dumps(index), encoding="utf-8")
    names = named(tmp_path / "names.json")
    assert (names[0], names[134], names[517]) == ("thing 0", "crane (n020)", "Crane (n031)")
    assert len(set(names)) == 1000
    (tmp_path / "few.json").write_text('{"0": ["n0", "thing"]}', encoding="utf-8")
    with pytest.raises(CasebookError, match="doesn't name 1,000 classes"):
        named(tmp_path / "few.json")


@pytest.mark.realdata
def test_a_daisy_a_banana_and_a_robin_are_answered_by_their_names(
    prefect_server: str, tmp_path: Path
) -> None:
    workspace = house(
        tmp_path, prefect_server, CASEBOOK_DATA_MIRROR=os.environ["CASEBOOK_DATA_MIRROR"]
    )
    done = workspace.here("flows.imagenet", "--profile", "smoke")
    assert done.code == 0, done.err
    metrics = workspace.record(workspace.runs("imagenet")[0], "metrics.json")
    assert metrics["test"]["rows"] == 20
    assert set(metrics["candidates"]["mobilenet_v2"]) == {"accuracy", "log_loss"}
    assert metrics["candidates"]["mobilenet_v2"]["accuracy"]["value"] > 0.6
    predictor = load(workspace.artifacts / "models" / "imagenet" / "1")
    predictions: Any = predictor.predict(predictor.sample)
    assert np.mean([prediction["label"] == "daisy" for prediction in predictions]) > 0.5
    assert first_name(predictor, banana()) == "banana"
    assert first_name(predictor, robin(Path(os.environ["CASEBOOK_DATA_MIRROR"]))) == "robin"
    fails_at_the_end(workspace, "imagenet", "--profile", "smoke")
    check_notebook(workspace, "imagenet")


def first_name(predictor: Any, photo: bytes) -> str:
    (prediction,) = predictor.predict([{"picture": photo}])
    return str(prediction["label"])


def banana(size: int = 448) -> bytes:
    """Draw a banana: a bent yellow body, darker towards its edges, with brown ends."""
    image = Image.new("RGB", (size, size), (236, 234, 228))
    draw, along = ImageDraw.Draw(image), np.linspace(0, 1, 121)
    angle = np.deg2rad(25 + 130 * along)
    thickness = 0.085 * np.sin(np.pi * np.clip(0.08 + 0.88 * along, 0, 1)) ** 0.55

    def line(side: float) -> list[tuple[float, float]]:
        radius = 0.42 + side * thickness
        points = (0.5 + radius * np.cos(angle), 0.08 + 1.25 * radius * np.sin(angle))
        return [(size * x, size * y) for x, y in zip(*points, strict=True)]

    for k in range(60):
        shade = 1 - 0.76 * abs(k / 60 - 0.42) ** 1.3
        colour = tuple(int(value * shade) for value in (250, 214, 62))
        draw.polygon(line(-1 + k / 30) + line(-1 + (k + 1) / 30)[::-1], fill=colour)
    for x, y in (line(0)[0], line(0)[-1]):
        draw.ellipse(
            (x - 0.022 * size, y - 0.03 * size, x + 0.022 * size, y + 0.03 * size),
            fill=(92, 70, 30),
        )
    buffer = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(1.2)).save(buffer, "PNG")
    return buffer.getvalue()


def robin(mirror: Path) -> bytes:
    """Return a photo of a bird with a red breast, of 32 x 32 pixels."""
    photos = pd.read_parquet(
        mirror / "cifar10" / "cifar10.parquet", columns=["image", "source_path"]
    )
    photo: bytes = photos.loc[photos["source_path"] == "train/bird/0049.jpg", "image"].iloc[0]
    return photo


def test_figures_are_those_that_scikit_learn_computes(flowers: House) -> None:
    check_figures(flowers, "flowers")


def test_the_notebook_runs_to_its_end(flowers: House) -> None:
    check_notebook(flowers, "flowers")
