"""Decode: read a picture set into one array, and a table with a row per picture that says what it is like."""

import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import write_table
from tasks.fetch import Origin, proven

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    Pictures = NDArray[np.uint8]
    SampleMaker = Callable[[int, int], tuple[Pictures, NDArray[np.int64]]]

PICTURES = "pictures.npy"
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
COLUMNS = ("image", "label", "split")
TEST_SHARE = 5  # a sample's every fifth picture is a test picture


class Shape(NamedTuple):
    """What every picture of a set is brought to, in pixels; three channels are red, green and blue, one is grey."""

    height: int
    width: int
    channels: int


class Picture(NamedTuple):
    """One picture of the set as it was found, and what is wrong with it if it can't be used."""

    pixels: "Pictures | None"
    label: int
    part: str
    size: tuple[int, int]
    mode: str
    problem: str | None = None


@stage
def decode(out: Path, origin: Origin, shape: Shape, sample: "SampleMaker", sample_rows: int, seed: int) -> Facts:
    """Decode every picture to one shape, or make the sample.

    Writes `pictures.npy`, uint8 of shape (pictures, height, width, channels), and `table`, a row per picture: its
    place in the array, label, part (`train` or `test`, as the set has it), width, height and mode before it was
    brought to the shape, the hash of its pixels, and what is wrong with it. A picture that can't be decoded is black
    in the array: validation sets it aside.

    Raises
    ------
    CasebookError
        The file can't be read, or lacks what a picture set of its kind holds.
    """
    import numpy as np
    import pandas as pd

    found = list(made(sample, sample_rows, seed) if origin.path is None else read(origin.path, shape))
    pictures = np.zeros((len(found), *shape), "uint8")
    for place, picture in enumerate(found):
        if picture.pixels is not None:
            pictures[place] = picture.pixels
    np.save(out / PICTURES, pictures)
    table = pd.DataFrame(
        {
            "picture": np.arange(len(found)),
            "label": [picture.label for picture in found],
            "part": [picture.part for picture in found],
            "width": [picture.size[0] for picture in found],
            "height": [picture.size[1] for picture in found],
            "mode": [picture.mode for picture in found],
            "sha256": [hashlib.sha256(pixels.tobytes()).hexdigest() for pixels in pictures],
            "problem": pd.Series([picture.problem for picture in found], dtype="string"),
        }
    )
    write_table(out, table)
    proven(origin)
    return {
        "rows": len(table),
        "columns": list(table.columns),
        "shape": list(shape),
        "dataset": origin.dataset,
        "kind": origin.kind,
        "origin": origin.note,
    }


def made(sample: "SampleMaker", rows: int, seed: int) -> Iterator[Picture]:
    """Yield the pictures that the sample's maker draws; every fifth is a test picture."""
    pictures, labels = sample(rows, seed)
    mode = "L" if pictures.shape[-1] == 1 else "RGB"
    for i, (pixels, label) in enumerate(zip(pictures, labels, strict=True)):
        part = "train" if (i + 1) % TEST_SHARE else "test"
        yield Picture(pixels, int(label), part, (pixels.shape[1], pixels.shape[0]), mode)


def read(path: Path, shape: Shape) -> Iterator[Picture]:
    """Return the pictures of a file: arrays of pixels (npz), encoded pictures in a table (parquet) or folders (tgz).

    Raises
    ------
    CasebookError
        It is another kind of file, can't be read, or lacks an array or a column.
    """
    readers = {".npz": _arrays, ".parquet": _encoded, ".tgz": _folders}
    if path.suffix not in readers:
        raise CasebookError(
            f"{path} is no picture set: give an npz with {', '.join(ARRAYS)}, a parquet with the columns "
            f"{', '.join(COLUMNS)}, or a tgz with a folder for each class."
        )
    return readers[path.suffix](path, shape)


def _arrays(path: Path, shape: Shape) -> Iterator[Picture]:
    """Yield pictures that are stored as arrays of pixels, grey if they have no channels."""
    import zipfile

    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as arrays:
            if missing := set(ARRAYS) - set(arrays.files):
                raise CasebookError(f"{path} lacks the array {', '.join(sorted(missing))}; it has {arrays.files}.")
            parts = {part: (arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test")}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CasebookError(f"{path} can't be read as npz: {error}. It may be cut short: fetch it again.") from error
    for part, (pictures, labels) in parts.items():
        same = pictures.shape in ((len(labels), *shape), (len(labels), *shape[: 2 + (shape.channels > 1)]))
        if pictures.dtype != np.uint8 or not same:
            raise CasebookError(
                f"{path}: x_{part} has shape {pictures.shape} of {pictures.dtype}, expected uint8 of {tuple(shape)} "
                f"for each of {len(labels)} labels."
            )
        mode = "L" if shape.channels == 1 else "RGB"
        for pixels, label in zip(pictures.reshape(-1, *shape), labels.tolist(), strict=True):
            yield Picture(pixels, label, part, (shape.width, shape.height), mode)


def _encoded(path: Path, shape: Shape) -> Iterator[Picture]:
    """Yield pictures that are stored as JPEG, PNG or WebP in a table's column, decoded in blocks of rows."""
    import pyarrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise CasebookError(
            f"{path} can't be read as parquet: {error}. It may be cut short: fetch it again."
        ) from error
    if missing := set(COLUMNS) - set(file.schema_arrow.names):
        raise CasebookError(
            f"{path} lacks the column {', '.join(sorted(missing))}; it has {', '.join(file.schema_arrow.names)}."
        )
    for batch in file.iter_batches(1024, columns=list(COLUMNS)):
        columns = batch.to_pydict()
        for encoded, label, part in zip(*(columns[name] for name in COLUMNS), strict=True):
            yield _decoded(encoded, -1 if label is None else int(label), str(part), shape)


def _folders(path: Path, shape: Shape) -> Iterator[Picture]:
    """Yield the JPEG pictures of an archive with a folder for each class; classes are numbered by their names' order.

    Nothing is unpacked to the disk: what an archive calls its files could name any place there.
    """
    import tarfile

    try:
        with tarfile.open(path, "r:gz") as archive:
            members = [m for m in archive if m.isfile() and m.name.lower().endswith((".jpg", ".jpeg"))]
            classes = sorted({Path(member.name).parent.name for member in members})
            for member in members:
                file = archive.extractfile(member)
                content = file.read() if file else None
                yield _decoded(content, classes.index(Path(member.name).parent.name), "train", shape)
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise CasebookError(f"{path} can't be read as tgz: {error}. It may be cut short: fetch it again.") from error


def _decoded(encoded: bytes | None, label: int, part: str, shape: Shape) -> Picture:
    import numpy as np
    from PIL import Image

    try:
        with Image.open(io.BytesIO(encoded or b"")) as image:
            size, mode = image.size, image.mode
            pixels = np.asarray(fitted(image, shape)).reshape(shape)
    except Exception as error:  # decoders raise whatever a damaged file leads them to; none of it may end the stage
        return Picture(None, label, part, (0, 0), "", str(error))
    return Picture(pixels, label, part, size, mode)


def fitted(image: "Image.Image", shape: Shape) -> "Image.Image":
    """Return a picture upright, in the shape's colours and size: its short side scaled, its middle cut out.

    The service does the same to what it is sent (`serving/pictures.py`); a test holds the two together.
    """
    from PIL import Image, ImageOps

    upright = opaque(ImageOps.exif_transpose(image)).convert("L" if shape.channels == 1 else "RGB")
    if upright.size == (shape.width, shape.height):
        return upright
    return ImageOps.fit(upright, (shape.width, shape.height), Image.Resampling.BILINEAR)


def opaque(image: "Image.Image") -> "Image.Image":
    """Return a picture with what is transparent laid on white, and 16-bit grey brought to 8 by its upper byte."""
    import numpy as np
    from PIL import Image

    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return image
    seen = image if image.mode == "RGBA" else image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(seen, mask=seen)
    return white


def pictures_of(raw: Ref, rows: Any) -> "Pictures":
    """Return some of a set's pictures by their places in the array."""
    import numpy as np

    chosen: Pictures = np.load(raw.path(PICTURES), mmap_mode="r")[rows]
    return chosen
