"""Conclude: the end that every modelling case has in common, from trained networks to the report."""

from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import JsonValue

from casebook.language import Said
from casebook.run import Summary
from casebook.stage import Stage
from casebook.store import Ref
from tasks.draw import draw
from tasks.evaluate import evaluate
from tasks.export import export
from tasks.export_pictures import export_pictures
from tasks.export_series import Window, export_series
from tasks.export_texts import export_texts
from tasks.prepared import Prepared
from tasks.publish import publish
from tasks.report import Notes, measure_run, report


def conclude(
    ready: Prepared,
    trained: Mapping[str, Sequence[Ref]],
    peers: Sequence[Ref],
    profile: Ref,
    protocol: Said,
    seed: int,
    notes: Notes = Notes(),
    *,
    drawn: int = 1,
    base_rate: float | None = None,
    explain: "Stage[...] | None" = None,
    more: Sequence[Ref] = (),
    window: Window = Window(),
    found: Sequence[Ref] = (),
) -> Summary:
    """Judge candidates and peers on the test part, publish the champion, and report.

    Parameters
    ----------
    ready
        The data as it was prepared.
    trained, peers
        For each candidate its networks and for the peers their scores, one reference per fold.
    profile
        What `explore` wrote.
    protocol
        How the figures came about, in a sentence.
    seed
        Of the intervals' resamples.
    notes
        What this case alone has to say.
    drawn, base_rate
        As in `evaluate`.
    explain
        Writes notes (and pictures) that depend on how all were judged, by `Notes.keep`; they take the place of `notes`.
    more
        What else was judged: outputs with a file `figures.json`, which go into metrics.json and to `explain`.
    window
        What a model of series takes.
    found
        What exploring the data found: outputs with a file `findings.json`, and pictures.
    """
    aim = ready.aim
    evaluation = evaluate(ready.encoded, trained, peers, aim, ready.rule, seed, base_rate, drawn)
    pictures = draw.submit(evaluation, trained, ready.encoded[0], aim)
    first = {name: refs[0] for name, refs in trained.items()}
    explained = explain(evaluation, first, ready.encoded[0], aim, *more) if explain else notes
    bundle = exported(ready, first, evaluation, window)
    leaks = cast(list[JsonValue], ready.encoded[0].facts.get("leaks", []))
    metrics = measure_run(ready.origin, ready.raw, evaluation, str(protocol), aim, more, found, leaks)
    published = publish(bundle, ready.parts[0], metrics, aim)
    return report(
        metrics, evaluation, profile, ready.checked, ready.table, pictures.result(), first, bundle, published, aim,
        protocol, explained, found,
    )  # fmt: skip


def exported(ready: Prepared, first: Mapping[str, Ref], evaluation: Ref, window: Window) -> Ref:
    """Export the champion of the first fold's networks by what it takes."""
    parts, raw, aim = ready.parts[0], ready.raw, ready.aim
    if aim.takes == "picture":
        return export_pictures(parts, first, evaluation, raw, aim)
    if aim.takes == "text":
        return export_texts(parts, first, evaluation, raw, aim)
    if aim.takes == "series":
        return export_series(parts, first, evaluation, raw, aim, window)
    return export(parts, ready.encoded[0], first, evaluation, raw, aim)
