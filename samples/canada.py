"""Who came to Canada from 1980 to 2013: the embedded sample."""

from __future__ import annotations

import numpy as np
import pandas as pd

YEARS = [str(year) for year in range(1980, 2014)]
UNKNOWN = "Unknown"
LATIN = "Latin America and the Caribbean"
PLACES = {
    "China": "Asia",
    "India": "Asia",
    "Philippines": "Asia",
    "Viet Nam": "Asia",
    "Japan": "Asia",
    "Poland": "Europe",
    "United States of America": "Northern America",
    "Haiti": LATIN,
    "Brazil": LATIN,
    "Argentina": LATIN,
    "Denmark": "Europe",
    "Norway": "Europe",
    "Sweden": "Europe",
    "Iceland": "Europe",
    "Kenya": "Africa",
}


def make_migrants(rows: int, seed: int) -> pd.DataFrame:
    """Make the embedded sample: countries of very unequal size, in the sheet's columns.

    The rows of the unknown and of the totals are included. Countries that the page mentions have
    their names and places; all numbers are drawn at random.
    """
    rng = np.random.default_rng(seed)
    names = [*PLACES, *(f"Land {number}" for number in range(1, rows - len(PLACES) + 1))]
    continent = [
        PLACES.get(name, ("Africa", "Europe", "Oceania")[i % 3]) for i, name in enumerate(names)
    ]
    size = np.sort(rng.lognormal(4, 2, len(names)))[::-1].clip(5, 20_000)[:, None]
    drift = np.exp(rng.normal(0, 0.02, (len(names), 1)) * np.arange(len(YEARS)))
    counts = rng.poisson(size * drift * rng.uniform(0.6, 1.4, (len(names), len(YEARS))))
    frame = pd.DataFrame(
        {
            "OdName": names,
            "AreaName": continent,
            "RegName": continent,
            "DevName": "Developing regions",
        }
    )
    frame = pd.concat([frame, pd.DataFrame(counts, columns=YEARS)], axis=1)
    world = {"AreaName": "World", "RegName": "World", "DevName": "World"}
    unknown = pd.DataFrame([{"OdName": UNKNOWN, **world, **dict.fromkeys(YEARS, 500)}])
    totals = pd.DataFrame(
        [{"OdName": "Total", **world, **dict(zip(YEARS, counts.sum(axis=0) + 500, strict=True))}]
    )
    return pd.concat([frame, unknown, totals], ignore_index=True)
