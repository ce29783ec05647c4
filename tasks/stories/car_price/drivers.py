"""Find what a number depends on, by correlation, analysis of variance and permutation.

The permutation shows what a model misses.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import seaborn as sns

from casebook import files
from casebook.errors import CasebookError
from casebook.language import msg
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table
from tasks.pages.findings import FINDINGS, Finding, Section, stored
from tasks.pages.plot_style import axes_grid, figure, labelled, save
from tasks.problem.definition import Problem
from tasks.stories.car_price.association import Correlation, Variance, anovas, by_pairs, pearson
from tasks.stories.car_price.findings_steps import UNITS
from tasks.tables.permutation_importance import Worth, worth

ALPHA = 0.05
SHOWN = 10  # bars of a ranking, and boxes of a category
PANELS = 9


class DriverAnalysis(NamedTuple):
    """Everything that was measured.

    It covers numbers, categories, each pair of groups of one category, and the model.
    """

    numbers: dict[str, Correlation]
    categories: dict[str, Variance]
    pairs: dict[tuple[str, str], Variance]
    worth: dict[str, Worth]


@stage(process="worker")
def find_drivers(
    out: Path,
    table: Ref,
    permuted: Ref,
    trained: Ref,
    folds: int,
    numbers: tuple[str, ...],
    categories: tuple[str, ...],
    grouped: tuple[str, str],
    problem: Problem,
) -> Facts:
    """Rank what goes with the target, and write `findings.json` and pictures.

    Parameters
    ----------
    table
        As `tell_steps` wrote it.
    permuted, trained, folds
        What `permute_features` wrote, the networks that were trained on it, and for how many folds.
    numbers, categories
        The columns that are looked at.
    grouped
        Two categories: the groups of the first are compared pairwise, and means are shown for both
        together.
    problem
        What is predicted.

    Raises
    ------
    CasebookError
        There is nothing to compare.
    """
    frame = read_table(table)
    units: dict[str, str | None] = json.loads(table.path(UNITS).read_text(encoding="utf-8"))
    analysis = DriverAnalysis(
        pearson(frame[[*numbers, problem.target]], problem.target),
        anovas(frame, categories, problem.target),
        by_pairs(frame, grouped[0], problem.target),
        worth(permuted, trained, folds, problem),
    )
    if not analysis.numbers or not analysis.categories:
        raise CasebookError(
            f"No number, or no category, has two values to compare {problem.target} by: use more "
            "or other rows."
        )
    _draw_numbers(out, frame, list(analysis.numbers), problem, units)
    _draw_groups(out, frame, list(analysis.categories), problem)
    _draw_means(out, frame, grouped, problem)
    _draw_ranking(out, analysis, problem)
    sections = [
        numbers_told(analysis, problem),
        groups_told(frame, grouped, problem),
        variance_told(analysis, grouped[0], problem),
    ]
    files.write_json(out / FINDINGS, stored([*sections, ranking_told(analysis, problem)]))
    return {
        "rows": len(frame),
        "numbers": len(analysis.numbers),
        "categories": len(analysis.categories),
    }


def numbers_told(analysis: DriverAnalysis, problem: Problem) -> Section:
    """Tell which numbers go with the target."""
    names, tests = list(analysis.numbers), len(analysis.numbers)
    first, doubtful = (
        names[0],
        [name for name, correlation in analysis.numbers.items() if correlation.p >= ALPHA / tests],
    )
    rows = tuple(
        {
            "column": name,
            "r": f"{correlation.r:+.3f}",
            "p-value": _p(correlation.p),
            "rows": str(correlation.rows),
        }
        for name, correlation in analysis.numbers.items()
    )
    return Section(
        title=msg("Numbers and the target"),
        findings=(
            Finding(
                name="pearson",
                value={
                    name: correlation._asdict() for name, correlation in analysis.numbers.items()
                },
                sentence=msg(
                    "Of {columns} numbers {first} goes with {target} most: Pearson's r is "
                    "{r:+.3f}, p = {p}.",
                    columns=tests,
                    first=first,
                    target=problem.target,
                    r=analysis.numbers[first].r,
                    p=_p(analysis.numbers[first].p),
                ),
            ),
            Finding(
                name="not_significant",
                value=list(doubtful),
                sentence=msg(
                    "With {tests} tests at once a p-value counts below {alpha:g} / {tests} "
                    "(Bonferroni). Above it, so perhaps chance: {doubtful}.",
                    tests=tests,
                    alpha=ALPHA,
                    doubtful=", ".join(doubtful),
                )
                if doubtful
                else msg(
                    "With {tests} tests at once a p-value counts below {alpha:g} / {tests} "
                    "(Bonferroni): all do.",
                    tests=tests,
                    alpha=ALPHA,
                ),
            ),
        ),
        tables=(rows,),
        pictures=(
            (
                "numbers",
                msg(
                    "The numbers that tell most and least of the target, with a straight line "
                    "fitted"
                ),
            ),
        ),
    )


def groups_told(frame: pd.DataFrame, grouped: tuple[str, str], problem: Problem) -> Section:
    """Tell counts and means of the groups of a category."""
    groups = (
        frame.groupby(grouped[0])[problem.target]
        .agg(["size", "mean", "std"])
        .sort_values("mean", ascending=False)
    )
    means = {str(name): float(value) for name, value in groups["mean"].items()}
    dearest, cheapest = next(iter(means)), list(means)[-1]
    rows = tuple(
        {
            grouped[0]: str(name),
            "rows": f"{row['size']:.0f}",
            "mean": f"{row['mean']:,.2f}",
            "std": f"{row['std']:,.2f}",
        }
        for name, row in groups.iterrows()
    )
    return Section(
        title=msg("Groups"),
        findings=(
            Finding(
                name="group_means",
                value=dict(means),
                sentence=msg(
                    "By {category}, {first} has the highest mean {target}, {high:,.2f}, {last} "
                    "the lowest, {low:,.2f}.",
                    category=grouped[0],
                    target=problem.target,
                    first=dearest,
                    high=means[dearest],
                    last=cheapest,
                    low=means[cheapest],
                ),
            ),
            Finding(
                name="group_sizes",
                value={str(name): int(size) for name, size in groups["size"].items()},
                sentence=msg(
                    "A mean of few rows tells little, so each stands with the number of its rows."
                ),
            ),
        ),
        tables=(rows,),
        pictures=(
            (
                "means",
                msg(
                    "Mean {target} by {by} and {also}",
                    target=problem.target,
                    by=grouped[0],
                    also=grouped[1],
                ),
            ),
        ),
    )


def variance_told(analysis: DriverAnalysis, category: str, problem: Problem) -> Section:
    """Tell the analysis of variance of each category, and of each two groups of one."""
    first = next(iter(analysis.categories))
    rows = tuple(
        {"column": name, "groups": str(variance.groups), **_tested(variance)}
        for name, variance in analysis.categories.items()
    )
    pairs = tuple(
        {category: " – ".join(pair), **_tested(variance)}
        for pair, variance in analysis.pairs.items()
    )
    alike = [" – ".join(pair) for pair, variance in analysis.pairs.items() if variance.p >= ALPHA]
    return Section(
        title=msg("Analysis of variance"),
        findings=(
            Finding(
                name="anova",
                value={name: variance._asdict() for name, variance in analysis.categories.items()},
                sentence=msg(
                    "F is how much the groups' means differ, measured by how much rows differ "
                    "within a group; η² is the share of the variance of {target} that the groups "
                    "explain. {first} explains most, {share:.0%} (F = {f:.2f}, p = {p}); many "
                    "small groups explain more by chance than few large ones.",
                    target=problem.target,
                    first=first,
                    share=analysis.categories[first].share,
                    f=analysis.categories[first].f,
                    p=_p(analysis.categories[first].p),
                ),
            ),
            Finding(
                name="anova_pairs",
                value={
                    " – ".join(pair): variance._asdict()
                    for pair, variance in analysis.pairs.items()
                },
                sentence=msg(
                    "Two by two, these groups of {category} can't be told apart: {alike}.",
                    category=category,
                    alike=", ".join(alike),
                )
                if alike
                else msg(
                    "Two by two, all groups of {category} can be told apart.", category=category
                ),
            ),
        ),
        tables=(rows, pairs),
        pictures=(
            ("groups", msg("{target} in the groups of each category", target=problem.target)),
        ),
    )


def ranking_told(analysis: DriverAnalysis, problem: Problem) -> Section:
    """Rank all columns by what they are worth to the model, beside what each tells alone."""
    first = next(iter(analysis.worth))
    rows = tuple(
        {
            "rank": str(rank),
            "column": name,
            "worse by": f"{importance.change:+,.1f} ± {importance.error:,.1f}",
            "r": f"{analysis.numbers[name].r:+.3f}" if name in analysis.numbers else "",
            "η²": f"{analysis.categories[name].share:.3f}" if name in analysis.categories else "",
        }
        for rank, (name, importance) in enumerate(analysis.worth.items(), 1)
    )
    return Section(
        title=msg("Drivers, ranked"),
        findings=(
            Finding(
                name="drivers",
                value={name: importance._asdict() for name, importance in analysis.worth.items()},
                sentence=msg(
                    "Shuffle a column of the test rows, and the {figure} of the networks gets "
                    "worse by what that column is worth to them (± standard error over the "
                    "folds): most is {first}, {change:,.1f}. Columns that tell the same stand in "
                    "for each other: each seems worth less than it tells alone.",
                    figure=problem.title,
                    first=first,
                    change=analysis.worth[first].change,
                ),
            ),
        ),
        tables=(rows,),
        pictures=(
            (
                "ranking",
                msg("Columns by correlation, by share of variance, and by what the model misses"),
            ),
        ),
    )


def _tested(variance: Variance) -> dict[str, str]:
    return {
        "rows": str(variance.rows),
        "F": f"{variance.f:.3f}",
        "p-value": _p(variance.p),
        "η²": f"{variance.share:.3f}",
    }


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else f"{value:.2e}"


def _draw_numbers(
    out: Path,
    frame: pd.DataFrame,
    names: list[str],
    problem: Problem,
    units: dict[str, str | None],
) -> None:
    """Draw the target against the three strongest and the three weakest numbers.

    Each number has a fitted line.
    """
    chosen = list(dict.fromkeys([*names[:3], *names[-3:]]))
    fig, axes = axes_grid(len(chosen), columns=3)
    for axis, name in zip(axes, chosen, strict=True):
        sns.regplot(
            frame,
            x=name,
            y=problem.target,
            ax=axis,
            scatter_kws={"s": 7, "alpha": 0.6},
            line_kws={"color": "C1", "linewidth": 1.5},
            seed=0,
            n_boot=200,
        )
        axis.set(
            xlabel=labelled(name, units.get(name)), ylabel=labelled(problem.target, problem.unit)
        )
    save(fig, out / "numbers.png")


def _draw_groups(out: Path, frame: pd.DataFrame, names: list[str], problem: Problem) -> None:
    """Draw box plots of the target by category, the highest median first.

    Only categories with at most ten groups are drawn.
    """
    chosen = [name for name in names if frame[name].nunique() <= SHOWN][:PANELS]
    fig, axes = axes_grid(len(chosen), columns=min(3, len(chosen)))
    for axis, name in zip(axes, chosen, strict=True):
        order = frame.groupby(name)[problem.target].median().sort_values(ascending=False).index
        sns.boxplot(
            frame,
            y=name,
            x=problem.target,
            order=list(order),
            ax=axis,
            fliersize=2,
            linewidth=0.8,
            color="C0",
        )
        axis.set(xlabel=labelled(problem.target, problem.unit), ylabel="", title=name)
    save(fig, out / "groups.png")


def _draw_means(out: Path, frame: pd.DataFrame, grouped: tuple[str, str], problem: Problem) -> None:
    """Draw the target's mean for each two groups; a field without rows stays empty."""
    table = frame.pivot_table(
        index=grouped[0], columns=grouped[1], values=problem.target, aggfunc="mean"
    )
    fig, axis = figure(1.2 * len(table.columns) + 1.6, 0.6 * len(table) + 1.2)
    label = labelled(f"mean {problem.target}", problem.unit)
    sns.heatmap(
        table,
        annot=True,
        fmt=",.0f",
        cmap="cividis",
        ax=axis,
        cbar_kws={"label": label},
        linewidths=0.5,
    )
    axis.tick_params(axis="y", rotation=0)
    axis.grid(visible=False)
    save(fig, out / "means.png")


def _draw_ranking(out: Path, analysis: DriverAnalysis, problem: Problem) -> None:
    """Draw the first ten of each ranking, side by side."""
    strong = {
        name: abs(correlation.r) for name, correlation in list(analysis.numbers.items())[:SHOWN]
    }
    share = {name: variance.share for name, variance in list(analysis.categories.items())[:SHOWN]}
    change = dict(list(analysis.worth.items())[:SHOWN])
    fig, axes = axes_grid(3, columns=3)
    fig.set_size_inches(9.6, 3.4)
    for axis, ranked, label in zip(
        axes, (strong, share), ("|Pearson's r|", "η² (share of variance)"), strict=False
    ):
        axis.barh(list(ranked), list(ranked.values()))
        axis.set(xlabel=label, xlim=(0, 1))
    changes, errors = (
        [importance.change for importance in change.values()],
        [importance.error for importance in change.values()],
    )
    axes[2].barh(list(change), changes, xerr=errors, ecolor="grey")
    axes[2].set(xlabel=labelled(f"{problem.title} worse by", problem.unit))
    for axis in axes:
        axis.invert_yaxis()
    save(fig, out / "ranking.png")
