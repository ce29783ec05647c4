"""Convert one encoded picture to the pixels a model takes, as training saw it.

Training uses `fitted` in `tasks/images/picture.py`.
"""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy import typing as npt

from serving.signature import Shape

if TYPE_CHECKING:
    from PIL import Image

Pixels: TypeAlias = "npt.NDArray[np.uint8]"

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
NO_PICTURE = "is no JPEG, PNG, WebP, GIF or BMP picture, or its beginning is damaged"
MOST_PIXELS = 25_000_000
MOST_PIXELS_TOGETHER = 2 * MOST_PIXELS  # of one request: they take about a second to decode
# of a progressive JPEG: some kilobytes can ask for passes over all pixels that take minutes
MOST_SCANS = 100
AT_ONCE = threading.BoundedSemaphore(
    2
)  # the most pixels take 100 MB while they are decoded, transparent ones four times as much


class BadPicture(ValueError):
    """A picture that cannot be taken.

    The message says what is wrong, to follow the name of a field.
    """


class Allowance:
    """How many pixels the pictures of one request may still have together.

    Small files can hold many.
    """

    def __init__(self, pixels: int = MOST_PIXELS_TOGETHER) -> None:
        self._left = pixels

    def spend(self, pixels: int) -> None:
        """Take a picture's pixels off.

        Raises
        ------
        BadPicture
            There are not enough left.
        """
        if pixels > self._left:
            raise BadPicture(
                f"makes the request's pictures have more than {MOST_PIXELS_TOGETHER:,} pixels "
                "together"
            )
        self._left -= pixels


def decoded(content: bytes, shape: Shape, allowance: Allowance | None = None) -> Pixels:
    """Return the pixels of an encoded picture, its first frame if it has several.

    Raises
    ------
    BadPicture
        It is no picture in one of `FORMATS`, has too many pixels, or is cut short or damaged.
    """
    with AT_ONCE, _opened(content) as image:
        (allowance or Allowance()).spend(image.width * image.height)
        try:
            return np.asarray(fitted(image, shape)).reshape(shape)
        except Exception as error:  # decoders raise nearly anything for damaged content
            raise BadPicture("is cut short or damaged") from error


def fitted(image: Image.Image, shape: Shape) -> Image.Image:
    """Return a picture upright, in the shape's colours and size.

    Its short side is scaled, and its centre cropped. The picture itself may be rotated: that saves
    a copy of all its pixels.
    """
    from PIL import Image, ImageOps

    ImageOps.exif_transpose(image, in_place=True)
    mode = "L" if shape.channels == 1 else "RGB"
    upright = _opaque(image)
    if upright.mode != mode:
        upright = upright.convert(mode)
    if upright.size == (shape.width, shape.height):
        return upright
    return ImageOps.fit(upright, (shape.width, shape.height), Image.Resampling.BILINEAR)


def _opened(content: bytes) -> Image.Image:
    """Read a picture's header, and nothing yet of its pixels."""
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise BadPicture(f"has more than {MOST_PIXELS:,} pixels") from None
    except Exception as error:  # as above
        raise BadPicture(NO_PICTURE) from error
    if image.width * image.height > MOST_PIXELS:
        raise BadPicture(
            f"has {image.width} × {image.height} pixels, which are more than {MOST_PIXELS:,}"
        )
    if image.format in ("JPEG", "MPO") and content.count(b"\xff\xda") > MOST_SCANS:
        raise BadPicture(f"has more than {MOST_SCANS} scans")
    return image


def _opaque(image: Image.Image) -> Image.Image:
    """Put transparent pixels on white, and reduce 16-bit grey to 8 bits by its upper byte.

    PIL does the latter in colour.
    """
    from PIL import Image

    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return image
    seen = image if image.mode == "RGBA" else image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(seen, mask=seen)
    return white
