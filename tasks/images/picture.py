"""Picture: one picture of a set, decoded to the pixels that a network takes."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
import PIL
from PIL import Image, ImageOps

from casebook.array_types import UInt8Array


class Shape(NamedTuple):
    """The size in pixels and the number of channels to which every image of a set is brought.

    Three channels are red, green and blue, one is grey.
    """

    height: int
    width: int
    channels: int


class Picture(NamedTuple):
    """One picture of the set as it was found, and what is wrong with it if it can't be used."""

    pixels: UInt8Array | None
    label: int
    part: str
    size: tuple[int, int]
    mode: str
    problem: str | None = None


def decoded(encoded: bytes | None, label: int, part: str, shape: Shape, name: str) -> Picture:
    """Return the decoded image, or a description of what is wrong with it.

    Damaged images are set aside by the set's suite, by their names.
    """
    try:
        with Image.open(io.BytesIO(encoded or b"")) as image:
            size, mode = image.size, image.mode
            pixels = np.asarray(fitted(image, shape)).reshape(shape)
    except (
        PIL.UnidentifiedImageError
    ):  # its text has a place in memory, which differs from run to run
        return Picture(None, label, part, (0, 0), "", f"{name}: cannot identify image file")
    # decoders raise whatever a damaged file leads them to; none of it may end the stage
    except Exception as error:
        return Picture(None, label, part, (0, 0), "", f"{name}: {error}")
    return Picture(pixels, label, part, size, mode)


def fitted(image: Image.Image, shape: Shape) -> Image.Image:
    """Return the image upright, in the shape's colours and size.

    Its short side is scaled to fit, and its centre is cropped.

    The service does the same to the images it receives (`serving/pictures.py`); a test checks that
    both agree.
    """
    upright = opaque(ImageOps.exif_transpose(image)).convert("L" if shape.channels == 1 else "RGB")
    if upright.size == (shape.width, shape.height):
        return upright
    return ImageOps.fit(upright, (shape.width, shape.height), Image.Resampling.BILINEAR)


def opaque(image: Image.Image) -> Image.Image:
    """Return the image with transparency flattened onto white, and 16-bit grey reduced to 8 bits.

    Of 16-bit grey the upper byte is kept.
    """
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ValueError(
            f"its pixels ({image.mode}, 32 bits) have no defined white: save them with 8 or 16 bits"
        )
    if not image.has_transparency_data:
        return image
    seen = image if image.mode == "RGBA" else image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(seen, mask=seen)
    return white
