"""Learning curve: what the champion's kind of model makes of fewer training rows, and of more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from casebook import files
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays
from tasks.evaluation.evaluate import results
from tasks.pages.findings import FINDINGS, stored
from tasks.pages.plot_style import figure, save
from tasks.problem.definition import Problem
from tasks.tables.blend import weights_of
from tasks.tables.curve import Curve, measured
from tasks.tables.learners import Learner
from tasks.tables.learning_findings import Comparison, section
from tasks.tables.power_law import PowerLaw, errors_of, figure_of, floor_share
from tasks.tables.split import PARTS


@stage
def learning_curve(
    out: Path,
    features: Sequence[Ref],
    networks: Mapping[str, Sequence[Ref]],
    evaluation: Ref,
    learners: Mapping[str, Learner],
    problem: Problem,
    seed: int,
) -> Facts:
    """Fit the champion's kind of model to 10, 20, 40, 70 and 100 % of the training rows.

    Of a blend that is the part with the greatest weight. Smaller shares are parts of the larger
    ones and have of each class as much. All are judged on the whole validation part; no test row
    is read. The encoding is that of all training rows: the curve is about the model alone.

    Parameters
    ----------
    features, networks
        The encoded parts, and the candidates by name: a reference for each fold.
    evaluation
        Names the champion, and how it compares with the baselines on the test part.
    learners
        What fits each candidate, and each part of a blend.
    problem, seed
        What is predicted; what fixes the shares and the models.

    Writes `findings.json`, a section of the report, and `learning_curve.png`.
    """
    judged = results(evaluation)
    champion = str(judged["champion"])
    name = representative(champion, networks)
    trained = networks.get(name, ())[: len(features)]
    curve = measured(name, learners[name], trained, features, problem, seed)
    draw(out / "learning_curve.png", curve, problem)
    sizes = [len(read_arrays(features[0], part)["y"]) for part in PARTS]
    compared = Comparison.of(judged, problem, sum(sizes))
    means, doubling = curve.means(), curve.doubling(problem)
    folds = len(curve.figures)
    page = section(name, champion, curve.rows, means, doubling, compared, folds, problem)
    files.write_json(out / FINDINGS, stored([page]))
    return {"model": name, "rows": curve.rows, "folds": folds}


def representative(champion: str, networks: Mapping[str, Sequence[Ref]]) -> str:
    """Return the champion, or of a blend the part with the greatest weight."""
    weights = weights_of(networks[champion][0])
    return max(weights, key=weights.__getitem__) if weights else champion


def draw(path: Path, curve: Curve, problem: Problem) -> None:
    """Draw the curve with its band, and the power law to twice as many rows."""
    means = curve.means()
    values = np.array([mean.value for mean in means])
    errors = errors_of(values, problem, curve.validated)
    law = PowerLaw.of(curve.rows, errors, floor_share(curve.rows, errors))
    beyond = np.geomspace(curve.rows[0], 2 * curve.rows[-1], 50)
    expected = [figure_of(law.error(count), problem) for count in beyond]
    fig, axis = figure(6.6, 3.9)
    axis.fill_between(curve.rows, [m.low for m in means], [m.high for m in means], alpha=0.2)
    axis.plot(curve.rows, values, "o-", label=curve.model)
    axis.plot(beyond, expected, "--", color="grey", label="power law")
    axis.set_xscale("log")
    axis.set_xticks([*curve.rows, 2 * curve.rows[-1]])
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.minorticks_off()
    axis.tick_params(axis="x", labelsize=8)
    axis.set(xlabel="training rows", ylabel=f"{problem.title} on validation")
    axis.legend(fontsize=8)
    save(fig, path)
