"""Encoded pictures become the pixels that training saw."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from serving import pictures
from serving.pictures import BadPicture, decoded
from serving.signature import Shape
from tasks.images import picture

GREY, COLOUR = Shape(28, 28, 1), Shape(24, 32, 3)
MODES = ["1", "L", "P", "RGB", "RGBA", "LA", "I;16", "CMYK", "YCbCr"]
SIZES = [(28, 28), (32, 24), (7, 5), (300, 40), (1, 90), (257, 256)]


def drawn(mode: str, size: tuple[int, int] = (40, 30)) -> Image.Image:
    rng = np.random.default_rng(3)
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 2**16, size[::-1], dtype=np.uint16))
    pixels = rng.integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    return Image.fromarray(pixels if mode in ("RGBA", "LA") else pixels[..., :3]).convert(mode)


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def trained(content: bytes, shape: Shape) -> object:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(picture.fitted(image, picture.Shape(*shape))).reshape(shape).tolist()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [GREY, COLOUR])
def test_pixels_are_those_of_training(shape: Shape, mode: str, size: tuple[int, int]) -> None:
    kinds = {
        mode: ["PNG", "WEBP"] if mode == "RGBA" else ["PNG"] for mode in ("RGBA", "LA", "I;16")
    }
    kinds |= {"CMYK": ["JPEG"], "YCbCr": ["JPEG"], "L": ["PNG", "JPEG", "GIF", "BMP", "WEBP"]}
    for kind in kinds.get(mode, ["PNG", "BMP"]):
        content = saved(drawn(mode, size), kind)
        assert decoded(content, shape).tolist() == trained(content, shape)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_upright_as_in_training(orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    content = saved(drawn("RGB"), "JPEG", exif=exif)
    assert decoded(content, COLOUR).tolist() == trained(content, COLOUR)
    straight = decoded(saved(drawn("RGB"), "JPEG"), COLOUR)
    assert np.array_equal(decoded(content, COLOUR), straight) == (orientation == 1)


def test_16_bit_grey_is_scaled_and_not_clipped() -> None:
    levels = np.arange(0, 65536, 64, dtype=np.uint16).reshape(32, 32)
    content = saved(Image.fromarray(levels))
    assert (decoded(content, Shape(32, 32, 1))[..., 0] == levels >> 8).all()
    assert (decoded(content, Shape(32, 32, 3))[..., 2] == levels >> 8).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize("shape", [GREY, COLOUR])
def test_what_is_transparent_is_white(shape: Shape, mode: str) -> None:
    blank = Image.new("RGBA", (40, 30), (255, 0, 0, 0)).convert(mode)
    assert (decoded(saved(blank), shape) == 255).all()
    half = Image.new("RGBA", (40, 30), (0, 0, 0, 127))
    assert (decoded(saved(half, "WEBP", lossless=True), shape) == 128).all()


@pytest.mark.parametrize("transparency", [0, b"\x00\xff"])
def test_palette_colours_marked_transparent_are_white(transparency: object) -> None:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([0, 0, 0, 9, 9, 9])
    image.putpixel((3, 3), 1)
    grey = decoded(saved(image, transparency=transparency), Shape(8, 8, 1))
    assert grey[3, 3] == 9 and (np.delete(grey.reshape(-1), 27) == 255).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_counts(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("black", "white", "red")]
    content = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    assert decoded(content, GREY).max() == 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_a_picture_cut_short_is_refused_wherever_it_is_cut(kind: str) -> None:
    content = saved(drawn("RGB", (64, 48)), kind)
    for share in (0.01, 0.1, 0.5, 0.9, 0.98):
        with pytest.raises(BadPicture):
            decoded(content[: int(len(content) * share)], COLOUR)


@pytest.mark.parametrize("kind", ["TIFF", "PPM", "ICO", "TGA", "PCX", "JPEG2000"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(BadPicture, match="is no JPEG, PNG"):
        decoded(saved(drawn("RGB"), kind), COLOUR)


def header(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that claims a size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")
        )

    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + bytes([8, 0, 0, 0, 0]))
    return start + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    "size", [(5001, 5000), (60_000, 60_000), (2**31 - 1, 2**31 - 1), (1, 2**31 - 1)]
)
def test_bombs_are_refused_by_their_header(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "fitted", None)  # no pixel is decoded
    with pytest.raises(BadPicture, match="more than 25,000,000"):
        decoded(header(*size), GREY)


def test_a_jpeg_of_too_many_scans_is_refused() -> None:
    content = saved(drawn("RGB"), "JPEG", progressive=True)
    scan = content.rindex(b"\xff\xda")
    with pytest.raises(BadPicture, match="more than 100 scans"):
        decoded(content[:scan] + content[scan:-2] * 101 + content[-2:], COLOUR)


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (0, 0)])
def test_pictures_without_pixels_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(BadPicture):
        decoded(header(*size), GREY)
