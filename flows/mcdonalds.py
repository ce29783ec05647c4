"""What is in a fast-food menu: nutrition facts of 260 items, and whether labels add up (lab 071).

The facts are sodium, sugar, fat and protein.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field

from casebook import files
from casebook.case import case
from casebook.cli import main
from casebook.language import Message, msg
from casebook.params import CaseParams
from casebook.run import Summary
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table
from samples.mcdonalds import DRINKS, make_menu
from tasks.data.clean import clean, drop_repeats
from tasks.data.fetch import fetch
from tasks.data.ingest import ingest
from tasks.data.validate import enforce, suite_text, validate
from tasks.pages import charts as chart
from tasks.pages.findings import FINDINGS, Section, make_finding, report_findings, stored
from tasks.pages.summary_statistics import (
    described,
    description_rows,
    fences,
    line_through,
    standing_out,
)
from tasks.stories.mcdonalds.labels import calories, servings, with_counted_calories, with_servings
from tasks.tables.explore import correlations, explore, strongest_pairs

DATA = "mcdonalds"
MAIN = {  # what sections tell of, with units
    "Calories": "kcal",
    "Total Fat": "g",
    "Saturated Fat": "g",
    "Trans Fat": "g",
    "Cholesterol": "mg",
    "Sodium": "mg",
    "Carbohydrates": "g",
    "Dietary Fiber": "g",
    "Sugars": "g",
    "Protein": "g",
}


class McdonaldsParams(CaseParams):
    """What can be set: how much sodium a day may have, and the size of the sample."""

    daily_sodium: Annotated[
        float,
        Field(
            ge=500,
            le=10_000,
            description="mg of sodium in a day; 2,400 is what the menu's labels go by",
        ),
    ] = 2400
    sample_rows: Annotated[
        int, Field(ge=100, le=5000, description="items of the embedded sample")
    ] = 260


@case
def mcdonalds(params: McdonaldsParams = McdonaldsParams()) -> Summary:
    """Explore a menu's nutrition facts (lab 071).

    The questions are what is saltiest, how fat relates to protein, and whether labels add up.
    """
    origin = fetch(DATA, params.source)
    raw = ingest(origin, make_menu, params.sample_rows, params.seed)
    checked = validate(raw, suite_text(DATA))
    enforce(checked, DATA)
    menu = clean(checked, (drop_repeats, with_servings, with_counted_calories))
    profile = explore.submit(menu, DATA)

    findings = findings_on_menu(menu, params.daily_sodium)
    return report_findings(
        findings, origin, raw, "python -m flows.canada", profile.result(), checked, menu
    )


@stage
def findings_on_menu(out: Path, menu: Ref, daily_sodium: float) -> Facts:
    """Write `findings.json` and the plots of what is in the menu, and of errors in its labels."""
    frame = read_table(menu)
    sections = [
        sodium(out, frame, daily_sodium),
        protein_and_fat(out, frame),
        categories(out, frame),
        sugars(out, frame),
        trans_fat(frame),
        nutrients(out, frame),
        outliers(frame),
        calories(frame),
        servings(frame),
    ]
    files.write_json(out / FINDINGS, stored(sections))
    return {"rows": len(frame), "findings": sum(len(section.findings) for section in sections)}


def highest(menu: pd.DataFrame, nutrient: str) -> tuple[str, float]:
    """Return the item that has most of a nutrient, and how much."""
    row = int(menu[nutrient].argmax())
    return str(menu["Item"].iloc[row]), float(menu[nutrient].iloc[row])


def sodium(out: Path, menu: pd.DataFrame, daily: float) -> Section:
    """Tell which item has most sodium, and which have more than a whole day may have."""
    (item, mg), statistics = highest(menu, "Sodium"), described(menu["Sodium"])
    over = menu[menu["Sodium"] > daily].set_index("Item")["Sodium"]
    chart.strip(
        out / "sodium.png", menu, "Sodium", "Category", "Sodium of each item", "sodium (mg)", item
    )
    chart.histogram(
        out / "sodium_bins.png",
        menu[["Sodium"]],
        12,
        "How much sodium items have",
        "sodium (mg)",
        "items",
    )
    return Section(
        title=msg("Sodium"),
        findings=(
            make_finding(
                "most_sodium",
                {"item": item, "mg": mg},
                msg(
                    "{item} has most sodium, {mg:,.0f} mg: {share:.0%} of the {daily:,.0f} mg of "
                    "a day.",
                    item=item,
                    mg=mg,
                    share=mg / daily,
                    daily=daily,
                ),
            ),
            make_finding(
                "over_a_day",
                over.to_dict(),
                msg(
                    "{count} of {items} items have more sodium than a whole day may have, {half} "
                    "more than half of it.",
                    count=len(over),
                    items=len(menu),
                    half=int((menu["Sodium"] > daily / 2).sum()),
                ),
            ),
            make_finding(
                "sodium",
                statistics,
                msg(
                    "The mean item has {mean:,.0f} mg, the median item {median:,.0f} mg.",
                    mean=statistics["mean"],
                    median=statistics["50%"],
                ),
            ),
        ),
        tables=(description_rows(menu[["Sodium"]].add_suffix(" (mg)")),),
        pictures=(
            ("sodium", msg("Strip plot: every point is an item; the greatest is named.")),
            ("sodium_bins", msg("Histogram of the same values.")),
        ),
    )


def protein_and_fat(out: Path, menu: pd.DataFrame) -> Section:
    """Tell how fat goes with protein."""
    line = line_through(menu["Protein"], menu["Total Fat"])
    chart.joint(out / "joint.png", menu, "Protein", "Total Fat", ("protein (g)", "total fat (g)"))
    return Section(
        title=msg("Protein and fat"),
        findings=(
            make_finding(
                "protein_and_fat",
                asdict(line),
                msg(
                    "Pearson's r of protein and total fat is {r:.3f} (p {p:.1e}): a gram more of "
                    "protein goes with {slope:.2f} g of fat (95 % interval {low:.2f} to "
                    "{high:.2f}).",
                    r=line.r,
                    p=line.p,
                    slope=line.slope,
                    low=line.low,
                    high=line.high,
                ),
            ),
        ),
        pictures=(
            (
                "joint",
                msg("Joint plot: both histograms, and the regression line with its 95 % interval."),
            ),
        ),
    )


def categories(out: Path, menu: pd.DataFrame) -> Section:
    """Tell what the categories' mean items have."""
    shown = ["Calories", "Protein", "Total Fat", "Sodium", "Sugars"]
    means, counts = (
        menu.groupby("Category", sort=False)[shown].mean(),
        menu["Category"].value_counts().to_dict(),
    )
    chart.boxes(
        out / "calories.png", menu, "Calories", "Category", "Calories of a category's items", "kcal"
    )
    chart.boxes(
        out / "sodium_box.png",
        menu,
        "Sodium",
        "Category",
        "Sodium of a category's items",
        "sodium (mg)",
    )
    salty, rich = means["Sodium"].nlargest(1), means["Calories"].nlargest(1)
    table = tuple(
        {
            "category": str(name),
            "items": str(counts[name]),
            **{f"{column.lower()} ({MAIN[column]})": f"{row[column]:,.1f}" for column in shown},
        }
        for name, row in means.to_dict("index").items()
    )
    return Section(
        title=msg("Categories"),
        findings=(
            make_finding(
                "category_means",
                means.to_dict("index"),
                msg(
                    "Mean sodium is greatest in {salty}, {mg:,.0f} mg; mean calories in {rich}, "
                    "{kcal:,.0f} kcal.",
                    salty=str(salty.index[0]),
                    mg=float(salty.iloc[0]),
                    rich=str(rich.index[0]),
                    kcal=float(rich.iloc[0]),
                ),
            ),
        ),
        tables=(table,),
        pictures=(
            ("calories", msg("Box plots of calories.")),
            ("sodium_box", msg("Box plots of sodium.")),
        ),
    )


def sugars(out: Path, menu: pd.DataFrame) -> Section:
    """Tell how much sugar items have, and whether it is in the drinks."""
    (item, grams), statistics = highest(menu, "Sugars"), described(menu["Sugars"])
    drinks, sweet = menu["Category"].isin(DRINKS), menu["Sugars"] > statistics["mean"]
    shares = {"drinks": float(sweet[drinks].mean()), "food": float(sweet[~drinks].mean())}
    chart.boxes(
        out / "sugars.png", menu, "Sugars", "Category", "Sugars of a category's items", "sugars (g)"
    )
    chart.histogram(
        out / "sugars_bins.png",
        menu[["Sugars"]],
        12,
        "How much sugar items have",
        "sugars (g)",
        "items",
    )
    return Section(
        title=msg("Sugars"),
        findings=(
            make_finding(
                "sugars",
                statistics,
                msg(
                    "The mean item has {mean:.1f} g of sugars, the median item {median:.1f} g; "
                    "{item} has most, {most:.0f} g.",
                    mean=statistics["mean"],
                    median=statistics["50%"],
                    item=item,
                    most=grams,
                ),
            ),
            make_finding(
                "sugars_of_drinks",
                shares,
                msg(
                    "{drinks:.0%} of the drinks and {food:.0%} of the food have more than that "
                    "mean; half of the drinks have {median:.0f} g or more.",
                    median=float(menu.loc[drinks, "Sugars"].median()),
                    **shares,
                ),
            ),
        ),
        tables=(description_rows(menu[["Sugars"]].add_suffix(" (g)")),),
        pictures=(
            ("sugars", msg("Box plots of sugars.")),
            ("sugars_bins", msg("Histogram of the same values.")),
        ),
    )


def trans_fat(menu: pd.DataFrame) -> Section:
    """Tell which items have trans fat."""
    (item, grams), having = highest(menu, "Trans Fat"), menu[menu["Trans Fat"] > 0]
    counts, by = (
        menu["Category"].value_counts(),
        having.groupby("Category", sort=False)["Trans Fat"],
    )
    table = tuple(
        {
            "category": str(name),
            "items": str(counts[name]),
            "with trans fat": str(len(values)),
            "most trans fat (g)": f"{values.max():.1f}",
        }
        for name, values in by
    )
    return Section(
        title=msg("Trans fat"),
        findings=(
            make_finding(
                "trans_fat",
                by.size().to_dict(),
                msg(
                    "{count} of {items} items have trans fat; {item} has most, {most:.1f} g.",
                    count=len(having),
                    items=len(menu),
                    item=item,
                    most=grams,
                ),
            ),
        ),
        tables=(table,),
    )


def nutrients(out: Path, menu: pd.DataFrame) -> Section:
    """Tell which nutrients go together."""
    pairs = strongest_pairs(correlations(menu[[*MAIN]]))
    chart.heatmap(out / "nutrients.png", menu[[*MAIN]], "Correlation of the main nutrients")
    return Section(
        title=msg("What goes together"),
        findings=(
            make_finding(
                "strongest_pairs",
                pairs,
                msg(
                    "{first} and {second} go together most: Pearson's r {r:.2f}.",
                    **pairs[0],
                ),
            ),
        ),
        pictures=(("nutrients", msg("Heatmap of the correlations.")),),
    )


def outliers(menu: pd.DataFrame) -> Section:
    """Tell which items stand out, by Tukey's rule."""
    apart = {name: standing_out(menu.set_index("Item")[name]) for name in MAIN}
    items = {item for values in apart.values() for item in values.index}
    table = tuple(
        {
            "nutrient": Message(text=f"{name.lower()} ({MAIN[name]})"),
            "upper fence": f"{fences(menu[name])[1]:,.1f}",
            "outliers": str(len(values)),
            "the greatest": "{} ({:,g})".format(*highest(menu, name)),
        }
        for name, values in apart.items()
    )
    return Section(
        title=msg("Outliers"),
        findings=(
            make_finding(
                "outliers",
                {name: len(values) for name, values in apart.items()},
                msg(
                    "{count} of {items} items stand out in a nutrient: they are more than 1.5 "
                    "interquartile ranges off the quartiles.",
                    count=len(items),
                    items=len(menu),
                ),
            ),
        ),
        tables=(table,),
    )


if __name__ == "__main__":
    raise SystemExit(main("flows.mcdonalds"))
