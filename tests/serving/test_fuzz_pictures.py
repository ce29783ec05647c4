"""No picture a client sends makes a 5xx, nor a word on stderr."""

import base64
import io
import json

import numpy as np
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

ASK = "/v1/models/colours:predict"
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
FUZZ = settings(max_examples=200, deadline=None, suppress_health_check=CHECKS)
# as a loaded model has it, but pytest resets filters per test
PIL_QUIET = pytest.mark.filterwarnings("ignore:::PIL")


def encoded(kind: str, mode: str = "RGB", **options: object) -> bytes:
    pixels = np.random.default_rng(5).integers(0, 256, (12, 10, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(stream, kind, **options)
    return stream.getvalue()


def exif() -> bytes:
    tags = Image.Exif()
    tags[274] = 6
    return tags.tobytes()


SOUND = [
    encoded("PNG", exif=exif()),
    encoded("PNG", "P", transparency=3),
    encoded("JPEG", exif=exif()),
    encoded("JPEG", "CMYK", progressive=True),
    encoded("WEBP", "RGBA", exif=exif()),
    encoded("GIF", save_all=True, append_images=[Image.new("RGB", (12, 14))]),
    encoded("BMP", "P"),
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Return a picture with some bytes changed and perhaps its end cut off or doubled."""
    content = bytearray(draw(st.sampled_from(SOUND)))
    early = st.integers(0, min(120, len(content) - 1))
    for place in draw(st.lists(early | st.integers(0, len(content) - 1), max_size=6)):
        content[place] = draw(st.integers(0, 255))
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    spliced = draw(st.sampled_from([b"", bytes(content[start:end])]))
    return bytes(content[: draw(st.sampled_from([len(content), end]))]) + spliced


def check(client: FlaskClient, body: bytes, kind: str) -> None:
    response = client.post(ASK, data=body, headers={"Content-Type": kind})
    assert response.status_code in {200, 400, 413, 415, 422}
    content = json.loads(response.data, parse_constant=lambda token: 1 / 0)
    assert "predictions" in content if response.status_code == 200 else content["error"]


@FUZZ
@given(st.binary(max_size=200))
def test_any_bytes(pictures: FlaskClient, body: bytes) -> None:
    check(pictures, body, "image/png")
    check(
        pictures,
        json.dumps({"instances": [{"picture": base64.b64encode(body).decode()}]}).encode(),
        "application/json",
    )


@PIL_QUIET
@settings(FUZZ, max_examples=1000)
@given(mutated())
def test_any_damaged_picture(pictures: FlaskClient, body: bytes) -> None:
    check(pictures, body, "image/png")


@FUZZ
@given(
    st.text(max_size=60)
    | st.none()
    | st.dictionaries(st.sampled_from(["b64", "x"]), st.text(max_size=9))
)
def test_any_value(pictures: FlaskClient, value: object) -> None:
    check(pictures, json.dumps({"instances": [{"picture": value}]}).encode(), "application/json")


@FUZZ
@given(
    st.lists(
        st.sampled_from(
            [
                b"--a",
                b"--",
                b"\r\n",
                b"\n",
                b'Content-Disposition: form-data; name="p"',
                b'; filename="f"',
                b"Content-Type: text/plain; charset=x",
                b": ",
                b"\xff",
                SOUND[0],
            ]
        ),
        max_size=14,
    )
)
def test_any_form(pictures: FlaskClient, pieces: list[bytes]) -> None:
    check(pictures, b"".join(pieces), "multipart/form-data; boundary=a")


@FUZZ
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_any_content_type(pictures: FlaskClient, kind: str) -> None:
    for content_type in (kind, f"image/{kind}", f"multipart/form-data; {kind}"):
        check(pictures, SOUND[0], content_type)
