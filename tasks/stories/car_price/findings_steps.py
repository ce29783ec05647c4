"""Clean a table step by step, and report what each step was for and what it did.

The report has numbers and pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from casebook import files
from casebook.catalog import data_set
from casebook.language import Message, msg
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_table
from tasks.data.clean import (
    Bin,
    DivideByMaximum,
    DropWithout,
    Dummies,
    FillWithMean,
    FillWithMostFrequent,
    OneSpelling,
    Step,
)
from tasks.data.clean import WithColumns as With
from tasks.data.derive import Derived, Log
from tasks.data.recode import Ordinal, Reciprocal
from tasks.pages.findings import FINDINGS, Finding, Section, stored
from tasks.stories.car_price.plots import draw_step

Row: TypeAlias = "dict[str, Message | str]"

UNITS = "units.json"


@stage(process="worker")
def findings_on_steps(out: Path, table: Ref, steps: tuple[Step, ...], dataset: str) -> Facts:
    """Apply the steps in their order, as `clean` does, and report what each did.

    Writes `findings.json`, pictures of what each step did, and `units.json`, which has the units of
    the columns as they then are.
    """
    frame = read_table(table)
    units = {name: column.unit for name, column in data_set(dataset).columns.items()}
    sections = [missing(frame)]
    for step in steps:
        cleaned = step(frame)
        sections += step_sections(step, frame, cleaned)
        draw_step(out, step, cleaned, units)
        units |= (
            dict.fromkeys(step.columns, "of the largest")
            if isinstance(step, DivideByMaximum)
            else {}
        )
        frame = cleaned
    write_table(out, frame)
    files.write_json(out / UNITS, units)
    files.write_json(out / FINDINGS, stored(merged(sections)))
    return {"rows": len(frame), "columns": len(frame.columns)}


def merged(sections: list[Section]) -> list[Section]:
    """Return the sections with those of one title put together, where the first of them stands."""
    titles = list(dict.fromkeys(section.title.text for section in sections))
    groups = [[section for section in sections if section.title.text == title] for title in titles]
    return [
        Section(
            title=group[0].title,
            findings=tuple(finding for section in group for finding in section.findings),
            tables=tuple(table for section in group for table in section.tables),
            pictures=tuple(picture for section in group for picture in section.pictures),
        )
        for group in groups
    ]


def section(
    title: Message,
    name: str,
    value: Any,
    sentence: Message,
    rows: Sequence[Row] = (),
    pictures: tuple[tuple[str, Message], ...] = (),
) -> Section:
    """Return a section of one finding, with a table and pictures if there are any."""
    finding = Finding(name=name, value=value, sentence=sentence)
    return Section(
        title=title, findings=(finding,), tables=(tuple(rows),) if rows else (), pictures=pictures
    )


def missing(frame: pd.DataFrame) -> Section:
    """Count the values that are missing."""
    gaps = {str(name): int(count) for name, count in frame.isna().sum().items() if count}
    if not gaps:
        return section(msg("Missing values"), "missing", {}, msg("No value is missing."))
    column = max(gaps, key=lambda name: gaps[name])
    sentence = msg(
        "{cells} values are missing, in {columns} of {all} columns; most in {most}, {count} of "
        "{rows} rows. No model computes with nothing, so a gap is filled, or its row is dropped.",
        cells=sum(gaps.values()),
        columns=len(gaps),
        all=len(frame.columns),
        most=column,
        count=gaps[column],
        rows=len(frame),
    )
    return section(msg("Missing values"), "missing", gaps, sentence)


def step_sections(step: Step, before: pd.DataFrame, after: pd.DataFrame) -> list[Section]:
    """Return what a step did; nothing of one that isn't known here."""
    match step:
        case FillWithMean() | FillWithMostFrequent():
            return [filled(step, before)]
        case DropWithout():
            return [dropped(step, before, after)]
        case OneSpelling():
            return [spelt(step, before, after)]
        case DivideByMaximum():
            return [divided(step, before, after)]
        case Bin():
            return [binned(step, before, after)]
        case Dummies():
            return [flagged(step, before, after)]
        case With():
            return [one for column in step.derived for one in added(column, after)]
    return []


def added(column: Derived, after: pd.DataFrame) -> list[Section]:
    """Return what a derived column is for; nothing of one that isn't known here."""
    match column:
        case Reciprocal():
            return [converted(column, after)]
        case Log():
            return [unskewed(column, after)]
        case Ordinal():
            return [ordered(column, after)]
    return []


def filled(step: FillWithMean | FillWithMostFrequent, before: pd.DataFrame) -> Section:
    """Tell what gaps were filled with."""
    fillings: dict[str, Any] = dict(step.fillings(before))
    gaps = {name: int(before[name].isna().sum()) for name in step.columns}
    count = sum(gaps.values())
    rows: list[Row] = [
        {"column": name, "missing": str(gaps[name]), "filled with": _short(fillings[name])}
        for name in step.columns
    ]
    if isinstance(step, FillWithMean):
        sentence = msg(
            "{count} missing numbers are filled with the mean of their column.", count=count
        )
        return section(msg("Missing values"), "filled_with_mean", fillings, sentence, rows)
    sentence = msg("{count} missing categories are filled with the most frequent one.", count=count)
    return section(msg("Missing values"), "filled_with_most_frequent", fillings, sentence, rows)


def dropped(step: DropWithout, before: pd.DataFrame, after: pd.DataFrame) -> Section:
    """Tell how many rows went."""
    count = len(before) - len(after)
    sentence = msg(
        "{count} rows without {column} are dropped, as they teach nothing of it; {left} are left.",
        count=count,
        column=step.column,
        left=len(after),
    )
    return section(msg("Missing values"), f"dropped_without_{step.column}", count, sentence)


def spelt(step: OneSpelling, before: pd.DataFrame, after: pd.DataFrame) -> Section:
    """Tell which spellings were given up."""
    old, new = before[step.column], after[step.column]
    changed = old.notna() & (old != new)
    written, counts = (
        dict(zip(old[changed], new[changed], strict=True)),
        old[changed].value_counts(),
    )
    sentence = msg(
        "{rows} rows spell {column} in another way than is usual or right; each name is written "
        "in one way, else it would count as several categories.",
        rows=int(changed.sum()),
        column=step.column,
    )
    rows: list[Row] = [
        {"spelling": was, "written as": written[was], "rows": str(counts[was])}
        for was in sorted(written)
    ]
    return section(msg("Formatting"), f"spellings_{step.column}", written, sentence, rows)


def converted(column: Reciprocal, after: pd.DataFrame) -> Section:
    """Tell a number in another unit."""
    means = {name: float(after[name].mean()) for name in (column.column, column.name)}
    sentence = msg(
        "{name} is {of:g} divided by {source}: another unit, in which the mean is {mean:.2f}.",
        name=column.name,
        of=column.of,
        source=column.column,
        mean=means[column.name],
    )
    return section(msg("Formatting"), column.name, means, sentence)


def unskewed(column: Log, after: pd.DataFrame) -> Section:
    """Tell the skew of a number and of its logarithm."""
    skew = {name: float(after[name].agg("skew")) for name in (column.column, column.name)}
    sentence = msg(
        "The skew of {source} is {before:+.2f}, that of its logarithm {after:+.2f}: a few large "
        "values no longer outweigh all others.",
        source=column.column,
        before=skew[column.column],
        after=skew[column.name],
    )
    picture = (
        f"skew_{column.column}",
        msg("{column} as it is, and its logarithm", column=column.column),
    )
    return section(msg("Skew"), column.name, skew, sentence, pictures=(picture,))


def ordered(column: Ordinal, after: pd.DataFrame) -> Section:
    """Tell which numbers categories became."""
    source = after[column.column]
    used = {name: float(number) for name, number in column.numbers if (source == name).any()}
    sentence = msg(
        "{source} has an order, so each category becomes its number, in {name}.",
        source=column.column,
        name=column.name,
    )
    rows: list[Row] = [
        {"category": name, "number": f"{number:g}", "rows": str(int((source == name).sum()))}
        for name, number in used.items()
    ]
    return section(msg("Categories to numbers"), column.name, used, sentence, rows)


def divided(step: DivideByMaximum, before: pd.DataFrame, after: pd.DataFrame) -> Section:
    """Tell the ranges before and after."""
    maxima = {name: float(before[name].max()) for name in step.columns}
    sentence = msg(
        "{columns} columns are divided by their largest value and now lie between {least:.2f} and "
        "1: none outweighs another for its unit alone.",
        columns=len(maxima),
        least=min(float(after[name].min()) for name in step.columns),
    )
    rows: list[Row] = [
        {
            "column": name,
            "smallest": _short(before[name].min()),
            "largest": _short(maxima[name]),
            "smallest, scaled": f"{after[name].min():.3f}",
            "largest, scaled": f"{after[name].max():.3f}",
        }
        for name in step.columns
    ]
    return section(msg("Normalization"), "largest", maxima, sentence, rows)


def binned(step: Bin, before: pd.DataFrame, after: pd.DataFrame) -> Section:
    """Tell how many rows are in each bin."""
    edges = [float(edge) for edge in step.edges(before)]
    counts = {label: int((after[step.name] == label).sum()) for label in step.labels}
    largest_bin = max(counts, key=lambda label: counts[label])
    sentence = msg(
        "{column} is sorted into {bins} bins of equal width; {count} of {rows} rows are in the "
        "bin {label}.",
        column=step.column,
        bins=len(counts),
        count=counts[largest_bin],
        rows=len(after),
        label=largest_bin,
    )
    rows: list[Row] = [
        {"bin": label, "over": _short(low), "up to": _short(high), "rows": str(counts[label])}
        for label, low, high in zip(counts, edges[:-1], edges[1:], strict=True)
    ]
    picture = (f"bins_{step.column}", msg("{column} in bins of equal width", column=step.column))
    return section(msg("Binning"), step.name, counts, sentence, rows, (picture,))


def flagged(step: Dummies, before: pd.DataFrame, after: pd.DataFrame) -> Section:
    """Tell how many rows each new column marks."""
    counts = {
        str(name): int(after[name].sum()) for name in after.columns.difference(before.columns)
    }
    sentence = msg(
        "{columns} columns of categories without an order become {new} columns of 0 and 1 "
        "(one-hot).",
        columns=len(step.columns),
        new=len(counts),
    )
    rows: list[Row] = [
        {"column": name, "rows with 1": str(count)} for name, count in counts.items()
    ]
    return section(msg("Categories to numbers"), "dummies", counts, sentence, rows)


def _short(value: Any) -> str:
    return str(value) if isinstance(value, str) else format(value, ",.4g")
