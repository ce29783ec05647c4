"""Immigration to Canada from 1980 to 2013, in every basic chart type (lab 009).

The data is a spreadsheet of the United Nations.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field

from casebook import files
from casebook.case import case
from casebook.cli import main
from casebook.errors import CasebookError
from casebook.language import msg
from casebook.params import CaseParams
from casebook.run import Summary
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table
from samples.canada import UNKNOWN, YEARS, make_migrants
from tasks.data.clean import clean
from tasks.data.fetch import fetch
from tasks.data.ingest import ingest
from tasks.data.validate import enforce, suite_text, validate
from tasks.pages import charts as chart
from tasks.pages.findings import FINDINGS, Section, make_finding, report_findings, stored
from tasks.pages.summary_statistics import described, description_rows
from tasks.stories.canada.migration import (
    PEOPLE,
    TOTAL,
    all_of_them,
    by_year,
    comparison,
    continents,
    decades,
    one_year,
    peak,
    the_greatest,
)
from tasks.tables.explore import explore

DATA = "canada"
PLAIN = {
    "OdName": "Country",
    "AreaName": "Continent",
    "RegName": "Region",
    "DevName": "Development",
}
SHORT = {
    "United Kingdom of Great Britain and Northern Ireland": "United Kingdom",
    "United States of America": "United States",
    "Iran (Islamic Republic of)": "Iran",
    "Republic of Korea": "South Korea",
    "Viet Nam": "Vietnam",
    "China, Hong Kong Special Administrative Region": "Hong Kong",
}


class CanadaParams(CaseParams):
    """What can be set: which countries are compared, and how much of the whole each chart shows."""

    compared: Annotated[
        tuple[str, ...], Field(min_length=2, max_length=6, description="countries compared")
    ] = (
        "Denmark",
        "Norway",
        "Sweden",
    )
    year: Annotated[int, Field(ge=1980, le=2013, description="the year of the histogram")] = 2013
    bins: Annotated[int, Field(ge=2, le=30, description="bins of the histogram")] = 10
    greatest: Annotated[int, Field(ge=2, le=8, description="countries of the area plot")] = 5
    listed: Annotated[
        int, Field(ge=5, le=30, description="countries of the bar chart and of the decades")
    ] = 15
    sample_rows: Annotated[
        int, Field(ge=40, le=500, description="countries of the embedded sample")
    ] = 120


@case
def canada(params: CanadaParams = CanadaParams()) -> Summary:
    """Explore who came to Canada, from where and when, by every plain chart there is (lab 009)."""
    origin = fetch(DATA, params.source)
    raw = ingest(origin, make_migrants, params.sample_rows, params.seed)
    checked = validate(raw, suite_text(DATA))
    enforce(checked, DATA)
    table = clean(checked, (without_checked_total, named_plainly, with_totals))
    profile = explore.submit(table, DATA)

    findings = findings_on_migrants(
        table, params.compared, str(params.year), params.bins, params.greatest, params.listed
    )
    another = "python -m flows.canada --compared Greece Italy Portugal Spain"
    return report_findings(findings, origin, raw, another, profile.result(), checked, table)


def without_checked_total(frame: pd.DataFrame) -> pd.DataFrame:
    """Drop the sheet's own row of totals, after checking it.

    The sum of all other rows, including the unknown, must equal it.

    Raises
    ------
    CasebookError
        A year's rows don't add up: the sheet was cut short or changed.
    """
    rows = frame[frame["OdName"] != TOTAL]
    summed, stated = rows[YEARS].sum(), frame.loc[frame["OdName"] == TOTAL, YEARS].iloc[0]
    wrong = summed.index[summed != stated]
    if len(wrong):
        year = wrong[0]
        raise CasebookError(
            f"The rows of the year {year} add up to {summed[year]:,.0f}, but the row '{TOTAL}' "
            f"says {stated[year]:,.0f} ({len(wrong)} such years). Rows are missing, repeated or "
            "changed: fetch the file again or mend the rows."
        )
    return rows


def named_plainly(frame: pd.DataFrame) -> pd.DataFrame:
    """Rename the columns as in the lab, and give a few countries their common short names."""
    return frame.rename(columns=PLAIN).replace({"Country": SHORT})


def with_totals(frame: pd.DataFrame) -> pd.DataFrame:
    """Add each country's total over the years, and put the greatest first."""
    return frame.assign(Total=frame[YEARS].sum(axis=1)).sort_values(
        TOTAL, ascending=False, ignore_index=True
    )


@stage
def findings_on_migrants(
    out: Path,
    table: Ref,
    compared: tuple[str, ...],
    year: str,
    bins: int,
    greatest: int,
    listed: int,
) -> Facts:
    """Write `findings.json` and the charts.

    The charts are of all migrants, of the largest countries, of single countries, of continents and
    of decades. People of unknown citizenship are counted once, as such, and are in no other number:
    they are of no country.
    """
    frame = read_table(table).set_index("Country")
    countries = frame.drop(index=UNKNOWN)
    missing = [name for name in compared if name not in countries.index]
    if missing:
        raise CasebookError(
            f"--compared {' '.join(missing)}: there is no such country. Some are "
            f"{', '.join(countries.index[:8])}; names are spelled as in the sheet."
        )
    sections = [
        all_of_them(out, countries, int(frame[TOTAL][UNKNOWN])),
        the_greatest(out, countries, greatest, listed),
        india_and_china(out, countries),
        haiti_and_iceland(out, countries),
        one_year(out, countries[year], bins),
        continents(out, countries),
        japan(out, countries),
        decades(out, countries, listed),
        comparison(out, countries.loc[list(compared)]),
        brazil_and_argentina(out, countries),
    ]
    files.write_json(out / FINDINGS, stored(sections))
    return {"rows": len(countries), "findings": sum(len(section.findings) for section in sections)}


def india_and_china(out: Path, countries: pd.DataFrame) -> Section:
    """Tell when the lead went from India to China, and back, and how their years differ."""
    wide = by_year(countries, ("India", "China"))
    chart.lines(out / "giants.png", wide, "Immigrants from India and from China", PEOPLE)
    chart.boxes(
        out / "giants_box.png",
        wide.melt(),
        "value",
        "variable",
        "Years from 1980 to 2013",
        "immigrants of a year",
    )
    changes, ahead = (
        lead_changes(wide["India"], wide["China"]),
        int((wide["India"] > wide["China"]).sum()),
    )
    return Section(
        title=msg("India and China"),
        findings=(
            make_finding(
                "lead_changes",
                [*changes],
                msg(
                    "More came from India than from China in {ahead} of {years} years; the lead "
                    "changed in {changes}.",
                    ahead=ahead,
                    years=len(wide),
                    changes=", ".join(map(str, changes)) or "–",
                ),
            ),
            make_finding(
                "india_and_china",
                {name: described(wide[name]) for name in wide.columns},
                msg(
                    "A year brought {india:,.0f} on average from India (standard deviation "
                    "{india_std:,.0f}), {china:,.0f} from China ({china_std:,.0f}).",
                    india=float(wide["India"].mean()),
                    china=float(wide["China"].mean()),
                    india_std=float(wide["India"].std()),
                    china_std=float(wide["China"].std()),
                ),
            ),
        ),
        tables=(description_rows(wide),),
        pictures=(
            ("giants", msg("Lines of both countries.")),
            ("giants_box", msg("Box plots of the same years.")),
        ),
    )


def lead_changes(first: pd.Series, second: pd.Series) -> list[int]:
    """Return the years in which the lead changed between two series.

    While they are equal, the leader stays.
    """
    leads = [
        (int(year), a > b) for year, a, b in zip(first.index, first, second, strict=True) if a != b
    ]
    return [year for (_, before), (year, now) in pairwise(leads) if before != now]


def haiti_and_iceland(out: Path, countries: pd.DataFrame) -> Section:
    """Describe what followed two events.

    They are the earthquake of Haiti in 2010, and the failure of Iceland's banks in 2008.
    """
    wide = by_year(countries, ("Haiti", "Iceland"))
    haiti, iceland = wide["Haiti"], wide["Iceland"]
    chart.lines(
        out / "haiti.png",
        wide[["Haiti"]],
        "Immigrants from Haiti",
        PEOPLE,
        (2010, "earthquake, January 2010"),
    )
    chart.bars(
        out / "iceland.png",
        iceland,
        "Immigrants from Iceland",
        PEOPLE,
        (2008, 2011, "financial crisis"),
    )
    before, after = float(iceland.loc[:2007].mean()), float(iceland.loc[2008:].mean())
    return Section(
        title=msg("Two events: Haiti 2010, Iceland 2008"),
        findings=(
            make_finding(
                "haiti",
                {str(year): int(haiti[year]) for year in (2009, 2010, 2011)},
                msg(
                    "{now:,} people came from Haiti in 2010, the year of the earthquake, after "
                    "{before:,} in 2009; most, {most:,}, came in {peak}.",
                    now=int(haiti[2010]),
                    before=int(haiti[2009]),
                    most=int(haiti.max()),
                    peak=peak(haiti),
                ),
            ),
            make_finding(
                "iceland",
                {"before": before, "after": after, "2013": int(iceland[2013])},
                msg(
                    "From Iceland {before:.0f} people a year came until 2007 and {after:.0f} a "
                    "year from 2008 on, the year in which its banks failed; in 2013 it was "
                    "{last}.",
                    before=before,
                    after=after,
                    last=int(iceland[2013]),
                ),
            ),
        ),
        pictures=(
            ("haiti", msg("Line of one country.")),
            ("iceland", msg("Bars; the crisis is shaded.")),
        ),
    )


def japan(out: Path, countries: pd.DataFrame) -> Section:
    """Tell the spread of one country's years by its quartiles."""
    wide = by_year(countries, ["Japan"])
    chart.boxes(
        out / "japan.png",
        wide.melt(),
        "value",
        "variable",
        "Years from 1980 to 2013",
        "immigrants of a year",
    )
    statistics = described(wide["Japan"])
    return Section(
        title=msg("Japan in a box plot"),
        findings=(
            make_finding(
                "japan",
                {**statistics},
                msg(
                    "The median year brought {median:,.0f} people from Japan; half of the years "
                    "lie between the quartiles {low:,.0f} and {high:,.0f}.",
                    median=statistics["50%"],
                    low=statistics["25%"],
                    high=statistics["75%"],
                ),
            ),
        ),
        tables=(description_rows(wide),),
        pictures=(("japan", msg("Box plot of Japan's years.")),),
    )


def brazil_and_argentina(out: Path, countries: pd.DataFrame) -> Section:
    """Tell when most came from two neighbours, in bubbles of normalised weights."""
    wide = by_year(countries, ("Brazil", "Argentina"))
    chart.bubbles(out / "bubbles.png", wide, "Immigrants from Brazil and from Argentina", PEOPLE)
    peaks = {name: peak(wide[name]) for name in wide.columns}
    return Section(
        title=msg("Brazil and Argentina"),
        findings=(
            make_finding(
                "peaks",
                peaks,
                msg(
                    "Most came from Brazil in {year}, {most:,}, and from Argentina in {then}, "
                    "{more:,}.",
                    year=peaks["Brazil"],
                    most=int(wide["Brazil"].max()),
                    then=peaks["Argentina"],
                    more=int(wide["Argentina"].max()),
                ),
            ),
        ),
        pictures=(
            (
                "bubbles",
                msg(
                    "Bubble chart: as large as the year is between the country's least (0) and "
                    "greatest (1)."
                ),
            ),
        ),
    )


if __name__ == "__main__":
    raise SystemExit(main("flows.canada"))
