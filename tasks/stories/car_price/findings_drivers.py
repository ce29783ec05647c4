"""Report what a number depends on: numbers, groups, variance, and a ranking of all columns."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from casebook.language import msg
from tasks.pages.findings import Finding, Section
from tasks.problem.definition import Problem
from tasks.stories.car_price.association import Correlation, DriverAnalysis, Variance

ALPHA = 0.05


def findings_on_numbers(analysis: DriverAnalysis, problem: Problem) -> Section:
    """Tell which numbers go with the target."""
    rows = tuple(
        {
            "column": name,
            "r": f"{correlation.r:+.3f}",
            "p-value": _p(correlation.p),
            "rows": str(correlation.rows),
        }
        for name, correlation in analysis.numbers.items()
    )
    caption = msg("The numbers that tell most and least of the target, with a straight line fitted")
    return Section(
        title=msg("Numbers and the target"),
        findings=(
            strongest_finding(analysis.numbers, problem),
            not_significant_finding(analysis.numbers),
        ),
        tables=(rows,),
        pictures=(("numbers", caption),),
    )


def strongest_finding(numbers: Mapping[str, Correlation], problem: Problem) -> Finding:
    """Tell which number goes with the target most; the strongest one comes first."""
    first, strongest = next(iter(numbers.items()))
    return Finding(
        name="pearson",
        value={name: correlation._asdict() for name, correlation in numbers.items()},
        sentence=msg(
            "Of {columns} numbers {first} goes with {target} most: Pearson's r is "
            "{r:+.3f}, p = {p}.",
            columns=len(numbers),
            first=first,
            target=problem.target,
            r=strongest.r,
            p=_p(strongest.p),
        ),
    )


def not_significant_finding(numbers: Mapping[str, Correlation]) -> Finding:
    """Tell which numbers may go with the target by chance alone."""
    tests = len(numbers)
    doubtful = [name for name, correlation in numbers.items() if correlation.p >= ALPHA / tests]
    sentence = (
        msg(
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
        )
    )
    return Finding(name="not_significant", value=list(doubtful), sentence=sentence)


def findings_on_groups(frame: pd.DataFrame, grouped: tuple[str, str], problem: Problem) -> Section:
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


def findings_on_variance(analysis: DriverAnalysis, category: str, problem: Problem) -> Section:
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


def findings_on_ranking(analysis: DriverAnalysis, problem: Problem) -> Section:
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
