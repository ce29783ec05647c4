"""Explore how many people came from which countries in which years, as sections of a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from casebook.language import msg
from tasks.pages import charts as chart
from tasks.pages.findings import Finding, Section, make_finding
from tasks.pages.summary_statistics import (
    Line,
    described,
    description_rows,
    fences,
    line_through,
    standing_out,
)

TOTAL = "Total"
PEOPLE = "immigrants a year"
BINS = 15  # of the compared countries' years

# `countries` is a frame with a row for each country, which is its index, the greatest first; its
# columns are the years, their `Total`, and the `Continent`.


def years_of(countries: pd.DataFrame) -> list[str]:
    """Return the columns that are years."""
    return [name for name in countries.columns if name.isdigit()]


def by_year(countries: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Return the countries as columns and the years, which are numbers then, as rows."""
    wide = countries.loc[list(names), years_of(countries)].T
    return wide.set_axis(wide.index.astype("int64")).rename_axis(index="year", columns=None)


def decades_of(countries: pd.DataFrame) -> pd.DataFrame:
    """Return the sums of the decades that are whole, a column for each.

    Examples
    --------
    >>> decades_of(pd.DataFrame({str(year): [1] for year in range(1985, 2004)})).to_dict("list")
    {'1990s': [10]}
    """
    years = years_of(countries)
    starts = [year for year in years if year.endswith("0") and str(int(year) + 9) in years]
    return pd.DataFrame(
        {f"{year}s": countries.loc[:, year : str(int(year) + 9)].sum(axis=1) for year in starts}
    )


def whole(values: pd.Series) -> dict[str, int]:
    """Return whole numbers by their names."""
    return {str(name): int(value) for name, value in values.items()}


def peak(values: pd.Series) -> int:
    """Return the year of the greatest value, the first of them."""
    return int(values.index[int(values.argmax())])


def trend(wide: pd.DataFrame, path: Path, title: str) -> Line:
    """Draw the yearly sum of countries with its line of least squares, and return the line."""
    summed = wide.sum(axis=1).rename(PEOPLE)
    chart.trend(path, summed, title, PEOPLE)
    return line_through(summed.index.to_series(), summed)


def all_of_them(out: Path, countries: pd.DataFrame, unknown: int) -> Section:
    """Tell how many came, of how many it is not known from where, and whether they become more."""
    years, total = years_of(countries), int(countries[TOTAL].sum())
    line = trend(by_year(countries, countries.index), out / "all.png", "All immigrants by year")
    chart.cloud(
        out / "cloud.png",
        whole(countries[TOTAL]),
        "Countries, as large as their immigrants are many",
    )
    return Section(
        title=msg("All immigrants"),
        findings=(
            make_finding(
                "total",
                total,
                msg(
                    "{known:,} people of {countries} citizenships immigrated from {first} to "
                    "{last}.",
                    known=total,
                    countries=len(countries),
                    first=years[0],
                    last=years[-1],
                ),
            ),
            make_finding(
                "unknown",
                unknown,
                msg(
                    "{unknown:,} more ({share:.1%} of all) are of unknown citizenship and in no "
                    "other figure here. With them each year's rows add up to the row of totals in "
                    "the sheet, which is then left out.",
                    unknown=unknown,
                    share=unknown / (total + unknown),
                ),
            ),
            make_finding(
                "trend",
                asdict(line),
                msg(
                    "The line of least squares changes by {slope:+,.0f} immigrants a year (95 % "
                    "interval {low:,.0f} to {high:,.0f}; Pearson's r {r:.3f}, p {p:.1e}).",
                    **rounded(line),
                ),
            ),
        ),
        pictures=(
            (
                "all",
                msg("Scatter plot of the years, with the regression line and its 95 % interval."),
            ),
            ("cloud", msg("Word cloud of the countries by their totals.")),
        ),
    )


def rounded(line: Line) -> dict[str, float]:
    """Return what a sentence tells of a line."""
    return {"slope": line.slope, "low": line.low, "high": line.high, "r": line.r, "p": line.p}


def the_greatest(out: Path, countries: pd.DataFrame, greatest: int, listed: int) -> Section:
    """Tell which countries most came from, over time and in all."""
    top, totals = countries.index[:greatest], countries[TOTAL].head(listed)
    chart.areas(
        out / "area.png",
        by_year(countries, top),
        f"Immigrants of the {greatest} greatest countries",
        PEOPLE,
    )
    chart.ranked(
        out / "greatest.png",
        totals,
        f"The {listed} greatest countries, all years together",
        "immigrants",
    )
    share = float(totals.head(greatest).sum() / countries[TOTAL].sum())
    return Section(
        title=msg("The greatest countries"),
        findings=(
            make_finding(
                "greatest",
                whole(totals),
                msg(
                    "Most came from {first}, {most:,}, before {second} with {next:,}.",
                    first=totals.index[0],
                    most=int(totals.iloc[0]),
                    second=totals.index[1],
                    next=int(totals.iloc[1]),
                ),
            ),
            make_finding(
                "share_of_greatest",
                share,
                msg(
                    "{share:.0%} of all came from {count} of the {countries} countries.",
                    share=share,
                    count=greatest,
                    countries=len(countries),
                ),
            ),
        ),
        pictures=(
            (
                "area",
                msg(
                    "Area plot: the countries stand on each other, so the upper edge is their sum."
                ),
            ),
            ("greatest", msg("Horizontal bars, each with its total.")),
        ),
    )


def one_year(out: Path, values: pd.Series, bins: int) -> Section:
    """Tell how unevenly the people of one year came from the countries."""
    counts, edges = np.histogram(values, bins)
    title, x = (
        f"From how many countries how many came in {values.name}",
        f"immigrants of a country in {values.name}",
    )
    chart.histogram(out / "one_year.png", values.to_frame(), bins, title, x, "countries")
    return Section(
        title=msg("One year in a histogram"),
        findings=(
            make_finding(
                "histogram",
                {"counts": counts.tolist(), "edges": edges.tolist()},
                msg(
                    "In {year}, {few} of {countries} countries sent fewer than {edge:,.0f} "
                    "people; the median country sent {median:,.0f}.",
                    year=str(values.name),
                    few=int(counts[0]),
                    countries=len(values),
                    edge=float(edges[1]),
                    median=float(values.median()),
                ),
            ),
        ),
        pictures=(("one_year", msg("Histogram; above each bar is its number of countries.")),),
    )


def continents(out: Path, countries: pd.DataFrame) -> Section:
    """Tell the continents' shares, over all years and how they changed."""
    years = years_of(countries)
    sums = countries.groupby("Continent")[[*years, TOTAL]].sum().sort_values(TOTAL, ascending=False)
    shares = (sums / sums.sum())[[TOTAL, years[0], years[-1]]].set_axis(
        [TOTAL, "first", "last"], axis=1
    )
    chart.pie(out / "continents.png", sums[TOTAL], "Immigrants by continent, all years together")
    moved = str((shares["last"] - shares["first"]).abs().idxmax())
    before, after = (float(shares["first"][moved]), float(shares["last"][moved]))
    return Section(
        title=msg("Continents"),
        findings=(
            make_finding(
                "continents",
                whole(sums[TOTAL]),
                msg(
                    "{first} has {share:.1%} of all immigrants, {second} {next:.1%}.",
                    first=str(shares.index[0]),
                    share=float(shares[TOTAL].iloc[0]),
                    second=str(shares.index[1]),
                    next=float(shares[TOTAL].iloc[1]),
                ),
            ),
            make_finding(
                "most_changed_continent",
                {"name": moved, "before": before, "after": after},
                msg(
                    "No share changed more than that of {moved}: {before:.0%} in {first}, "
                    "{after:.0%} in {last}.",
                    moved=moved,
                    before=before,
                    after=after,
                    first=years[0],
                    last=years[-1],
                ),
            ),
        ),
        tables=(
            tuple(
                {
                    "continent": name,
                    "immigrants": f"{count:,}",
                    "share": f"{shares[TOTAL][name]:.1%}",
                    "in the first year": f"{shares['first'][name]:.1%}",
                    "in the last year": f"{shares['last'][name]:.1%}",
                }
                for name, count in whole(sums[TOTAL]).items()
            ),
        ),
        pictures=(("continents", msg("Pie chart of all years together.")),),
    )


def decades(out: Path, countries: pd.DataFrame, listed: int) -> Section:
    """Tell how many came in each decade, and how the greatest countries differ in it."""
    every, top = decades_of(countries).sum(), decades_of(countries.head(listed))
    last, title = top.columns[-1], f"The {listed} greatest countries by decade"
    chart.boxes(
        out / "decades.png",
        top.melt(),
        "value",
        "variable",
        title,
        "immigrants of a country in the decade",
    )
    beyond, fence = (
        {name: whole(standing_out(top[name])) for name in top.columns},
        fences(top[last])[1],
    )
    return Section(
        title=msg("Decades"),
        findings=(
            make_finding(
                "decades",
                whole(every),
                msg(
                    "Immigrants of each decade: {decades}.",
                    decades="; ".join(f"{name} {value:,}" for name, value in every.items()),
                ),
            ),
            make_finding(
                "standing_out",
                beyond,
                msg(
                    "Of the {listed} greatest countries, {names} stood out in the {decade}: more "
                    "than {fence:,.0f} came, the third quartile plus 1.5 interquartile ranges.",
                    listed=listed,
                    decade=last,
                    names=", ".join(top.index[top[last] > fence]) or "–",
                    fence=fence,
                ),
            ),
        ),
        tables=(description_rows(top),),
        pictures=(("decades", msg("Box plots of the greatest countries' decades.")),),
    )


def comparison(out: Path, compared: pd.DataFrame) -> Section:
    """Report the compared countries' shares, how their years differ, and the trend of their sum."""
    wide, names = by_year(compared, compared.index), " + ".join(compared.index)
    chart.waffle(out / "waffle.png", compared[TOTAL], "Shares of the compared countries")
    chart.lines(out / "compared_lines.png", wide, "Immigrants of the compared countries", PEOPLE)
    chart.histogram(
        out / "compared.png",
        wide,
        BINS,
        "Years by their immigrants",
        "immigrants of a year",
        "years",
    )
    line = trend(wide, out / "compared_trend.png", names)
    return Section(
        title=msg("Countries compared"),
        findings=_compared(compared, wide, names, line),
        tables=(description_rows(wide),),
        pictures=(
            ("compared_lines", msg("Lines of the countries.")),
            (
                "compared_trend",
                msg("Their sum by year, with the regression line and its 95 % interval."),
            ),
            ("compared", msg("Histograms of the years, over each other.")),
            ("waffle", msg("Waffle chart: 400 tiles, parted as the immigrants are.")),
        ),
    )


def _compared(
    compared: pd.DataFrame, wide: pd.DataFrame, names: str, line: Line
) -> tuple[Finding, ...]:
    """Find the countries' shares, the trend of their sum and the medians of their years."""
    shares = compared[TOTAL] / compared[TOTAL].sum()
    return (
        make_finding(
            "compared",
            whole(compared[TOTAL]),
            msg(
                "Of {total:,} people from {names}, {share:.0%} came from {most}.",
                total=int(compared[TOTAL].sum()),
                names=names,
                share=float(shares.max()),
                most=str(shares.idxmax()),
            ),
        ),
        make_finding(
            "compared_trend",
            asdict(line),
            msg(
                "Their sum changes by {slope:+,.1f} people a year (95 % interval {low:,.1f} "
                "to {high:,.1f}; r {r:.2f}, p {p:.1g}).",
                **rounded(line),
            ),
        ),
        make_finding(
            "compared_years",
            {name: described(wide[name]) for name in wide.columns},
            msg(
                "The medians of a year are {medians}.",
                medians=", ".join(f"{name} {value:,.0f}" for name, value in wide.median().items()),
            ),
        ),
    )
