"""Prefect's pages in a browser: what tests look at beyond starting a run."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tests import needs
from tests.deployments.stand import Stand
from tests.rehearsal import browse

if TYPE_CHECKING:
    from playwright.sync_api import Page


@contextmanager
def visiting(stand: Stand) -> Iterator[Page]:
    """Give a browser's page; in the end it must have asked nobody but this machine."""
    from playwright.sync_api import expect

    needs.chromium()
    expect.set_options(timeout=browse.LIMIT)
    urls: list[str] = []
    with browse.page() as page:
        page.on("request", lambda request: urls.append(request.url))
        yield page
    ours = re.compile(rf"(blob:)?({stand.url}|{stand.reports})/|data:")
    assert not [url for url in urls if not ours.match(url)]


def green(graph: bytes) -> float:
    """Return the share of a picture that is of the green of finished tasks."""

    red, green, blue = np.asarray(
        Image.open(io.BytesIO(graph)).convert("RGB"), dtype=float
    ).transpose(2, 0, 1)
    return float(((green > 120) & (green > 1.5 * red) & (green > 1.5 * blue)).mean())
