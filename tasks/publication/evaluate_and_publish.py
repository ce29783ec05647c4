"""Run the steps that end every modelling case, from trained networks to the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from pydantic import JsonValue

from casebook.futures import Future
from casebook.run import Summary
from casebook.stage import Stage
from casebook.store import Ref
from tasks.evaluation.choice import find_faster
from tasks.evaluation.evaluate import evaluate
from tasks.pages.model_plots import draw
from tasks.pages.notes import Notes
from tasks.problem.prepared_data import PreparedData
from tasks.publication.kept_answers import keep_answers
from tasks.publication.ledger import note_test_part
from tasks.publication.publish import publish
from tasks.publication.report import RunOutputs, measure_run, report


@dataclass(frozen=True)
class FittedModels:
    """What a case hands over for evaluation, and what its report says beside the metrics.

    Attributes
    ----------
    data
        The data as it was prepared.
    networks
        The networks of each candidate, a reference for each fold.
    baselines
        The scores of the baselines on each fold.
    profile
        What `explore` writes.
    notes
        What this case alone has to say.
    base_rate
        The share of positives in the population, where the data is a subset of it.
    explain
        Writes notes (and pictures) that depend on how all were evaluated, by `Notes.keep`; they
        replace `notes`.
    figures
        What else was evaluated: outputs with a file `figures.json`, which go into metrics.json and
        to `explain`.
    findings
        What exploring the data found: outputs with a file `findings.json`, and pictures.
    """

    data: PreparedData
    networks: Mapping[str, Sequence[Ref]]
    baselines: Sequence[Future]
    profile: Future
    notes: Notes = field(default_factory=Notes)
    base_rate: float | None = None
    explain: Stage[...] | None = None
    figures: Sequence[Ref] = ()
    findings: Sequence[Ref] = ()


def evaluate_and_publish(fitted: FittedModels) -> Summary:
    """Judge candidates and baselines on the test part, publish the champion, and report."""
    data, networks = fitted.data, fitted.networks
    encoded, problem = data.encoded[0], data.problem
    first = {name: refs[0] for name, refs in networks.items()}
    scores = [baseline.result() for baseline in fitted.baselines]
    costs = data.kind.measure_costs(data, first)
    faster = find_faster(costs) if costs else None
    evaluation = evaluate(
        data.encoded,
        networks,
        scores,
        problem,
        data.policy,
        data.seed,
        fitted.base_rate,
        data.plotted_folds,
        faster,
    )
    learned = data.kind.findings(data, networks, evaluation)
    pictures = draw.submit(evaluation, networks, encoded, problem, costs)
    notes: Notes | Ref = fitted.notes
    if fitted.explain:
        notes = fitted.explain(evaluation, first, encoded, problem, *fitted.figures)
    profile = fitted.profile.result()
    bundle = data.kind.export(data, first, evaluation)
    leaks = cast(list[JsonValue], encoded.facts.get("leaks", []))
    keep_answers(data.parts, evaluation, problem, data.kind)
    tested = data.parts[: data.plotted_folds]
    test_part = note_test_part(tested, evaluation, problem, data.kind)
    metrics = measure_run(
        data.origin,
        data.raw,
        evaluation,
        str(data.protocol),
        problem,
        fitted.figures,
        (*fitted.findings, *learned),
        leaks,
        test_part,
        costs,
    )
    published = publish(bundle, tested, evaluation, metrics, problem, data.kind)
    outputs = RunOutputs(
        evaluation=evaluation,
        profile=profile,
        checked=data.checked,
        cleaned=data.table,
        pictures=pictures.result(),
        bundle=bundle,
        trained=first,
        published=published,
        problem=problem,
        protocol=data.protocol,
        notes=notes,
        findings=fitted.findings,
        learned=learned,
    )
    return report(metrics, outputs)
