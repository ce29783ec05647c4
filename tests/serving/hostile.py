"""Ways in which a version can be odd: what is done to its folder, and what is then said of it."""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
from onnx import helper

Change = Callable[[Path], object]
DEEP = "[" * 100_000 + "]" * 100_000
HUGE = 10**400


def edit(folder: Path, name: str, change: Callable[[Any], object]) -> None:
    content = json.loads((folder / name).read_text())
    change(content)
    (folder / name).write_text(json.dumps(content))


def edited(name: str, change: Callable[[Any], object]) -> Change:
    return lambda folder: edit(folder, name, change)


def first_input(**facts: object) -> Change:
    return edited("signature.json", lambda content: content["inputs"][0].update(facts))


def output(**facts: object) -> Change:
    return edited("signature.json", lambda content: content["output"].update(facts))


def champion(**facts: object) -> Change:
    return edited("metrics.json", lambda content: content["candidates"]["wide"].update(facts))


def holds(name: str, content: str | bytes) -> Change:
    text = content if isinstance(content, bytes) else content.encode()
    return lambda folder: (folder / name).write_bytes(text)


def graph_of(change: Callable[[Any], object]) -> Change:
    def write(folder: Path) -> None:

        model = onnx.load(folder / "model.onnx")
        change(model)
        (folder / "model.onnx").write_bytes(model.SerializeToString())

    return write


def weights_elsewhere(location: str) -> Change:
    """Have a weight of the graph lie in another file."""

    def change(model: Any) -> None:
        weight = model.graph.initializer[0]
        weight.ClearField("float_data")
        weight.data_location = onnx.TensorProto.EXTERNAL
        entry = weight.external_data.add()
        entry.key, entry.value = "location", location

    return graph_of(change)


def unknown_operator(model: Any) -> None:
    model.graph.node[0].op_type = "Surprise"


def huge_weight(model: Any) -> None:
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend([10**9, 10**9])


def constant_answer(model: Any) -> None:
    """Have a graph answer once, however many rows it is asked."""

    last = model.graph.node[-1]
    model.graph.node.append(
        helper.make_node("ReduceMean", ["each"], [last.output[0]], axes=[0], keepdims=1)
    )
    last.output[0] = "each"


def twice(folder: Path) -> None:
    """Have the sample hold its row twice."""
    for name, key in (
        ("sample_request.json", "instances"),
        ("sample_response.json", "predictions"),
    ):
        content = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({key: 2 * content[key]}))


PICTURE = {"name": "p", "dtype": "picture", "height": 10**9, "width": 10**9, "channels": 3}
SEALED: dict[str, tuple[Change, str]] = {
    "minimum_of_400_digits": (
        first_input(minimum=HUGE),
        "signature.json is no JSON that can be told",
    ),
    "threshold_of_400_digits": (
        output(threshold=HUGE),
        "signature.json is no JSON that can be told",
    ),
    "signature_deep": (holds("signature.json", f'{{"case": {DEEP}}}'), "signature.json is no JSON"),
    "signature_of_300_levels": (
        edited(
            "signature.json", lambda content: content.update(note=json.loads("[" * 300 + "]" * 300))
        ),
        "signature.json is no JSON that can be told",
    ),
    "signature_of_253_levels": (
        edited(
            "signature.json", lambda content: content.update(note=json.loads("[" * 252 + "]" * 252))
        ),
        "signature.json is no JSON that can be told",
    ),
    "graph_of_one_answer": (
        lambda folder: (twice(folder), graph_of(constant_answer)(folder)),
        "the model answers 2 instances with",
    ),
    "half_a_character": (
        holds("signature.json", '{"case": "\\ud800"}'),
        "signature.json is no JSON",
    ),
    "not_utf8": (holds("signature.json", b'{"case": "\xe4"}'), "signature.json is no JSON"),
    "picture_of_huge_size": (
        edited("signature.json", lambda content: content.update(inputs=[PICTURE])),
        "height must be at most",
    ),
    "allowed_objects": (first_input(allowed=[{"a": 1}]), "input Amount: allowed must list numbers"),
    "two_million_labels": (output(labels=["a", "b"] * 1_000_000), "a binary output needs"),
    "metrics_deep": (holds("metrics.json", DEEP), "metrics.json is no JSON"),
    "metrics_a_list": (holds("metrics.json", "[]"), "metrics.json holds no JSON object"),
    "metrics_of_nan": (holds("metrics.json", '{"candidates": NaN}'), "metrics.json is no JSON"),
    "score_a_text": (champion(auprc="good"), "metrics.json: the whole: "),
    "score_of_texts": (
        champion(auprc={"value": "good", "low": 0, "high": 1}),
        "metrics.json: value: ",
    ),
    "edges_of_400_digits": (
        holds("reference.json", f'{{"score": {{"edges": [{HUGE}]}}}}'),
        "reference.json is no",
    ),
    "bins_null": (
        holds("reference.json", '{"features": {}, "score": null}'),
        "reference.json: score: ",
    ),
    "edges_of_text": (
        holds("reference.json", '{"features": {}, "score": {"edges": ["x"]}}'),
        "score/edges/0",
    ),
    "edges_a_number": (
        holds("reference.json", '{"features": {}, "score": {"edges": 5}}'),
        "score/edges",
    ),
    "edges_that_descend": (
        holds("reference.json", '{"features": {}, "score": {"edges": [2, 1]}}'),
        "the edges of score must ascend",
    ),
    "edges_of_a_text_column": (
        holds("reference.json", '{"features": {"Sex": {"edges": [1]}}, "score": {}}'),
        "could not convert string to float",
    ),
    "sample_of_other_names": (
        holds("sample_request.json", '{"instances": [{"x": 1}]}'),
        "is no field of this model",
    ),
    "empty_graph": (holds("model.onnx", ""), "model.onnx does not load"),
    "graph_of_text": (holds("model.onnx", "hello"), "model.onnx does not load"),
    "graph_with_weights_in_a_file": (weights_elsewhere("card.md"), "model.onnx does not load"),
    "graph_with_weights_above": (
        weights_elsewhere("../../../etc/hostname"),
        "model.onnx does not load",
    ),
    "graph_with_weights_of_a_device": (weights_elsewhere("/dev/zero"), "model.onnx does not load"),
    "graph_of_an_unknown_operator": (graph_of(unknown_operator), "model.onnx does not load"),
    "graph_of_a_huge_weight": (graph_of(huge_weight), "model.onnx does not load"),
}


def in_place_of(name: str, make: Callable[[Path], object]) -> Change:
    """Put something else where a file was."""

    def change(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return change


def bound(path: Path) -> None:
    """Make a socket, whose path must be short."""
    before = Path.cwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path.name)
    os.chdir(before)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


def manifest_names(name: str) -> Change:
    return edited(
        "manifest.json", lambda content: content["files"].update({name: {"sha256": "", "bytes": 0}})
    )


ODD: dict[str, tuple[Change, str]] = {
    "a_pipe": (in_place_of("card.md", os.mkfifo), "card.md is no regular file"),
    "a_pipe_for_a_graph": (in_place_of("model.onnx", os.mkfifo), "model.onnx is no regular file"),
    "a_pipe_for_a_manifest": (
        in_place_of("manifest.json", os.mkfifo),
        "manifest.json is no regular file",
    ),
    "a_device": (
        in_place_of("card.md", lambda path: path.symlink_to("/dev/zero")),
        "card.md is no regular file",
    ),
    "a_socket": (in_place_of("card.md", bound), "card.md is no regular file"),
    "a_folder": (in_place_of("card.md", Path.mkdir), "card.md is no regular file"),
    "a_link_to_itself": (in_place_of("card.md", lambda path: path.symlink_to(path)), "card.md"),
    "a_terabyte": (in_place_of("card.md", sparse), "more than the 4,294,967,296 it may have"),
    "manifest_deep": (holds("manifest.json", f'{{"files": {DEEP}}}'), "manifest.json is no JSON"),
    "manifest_files_a_list": (
        holds("manifest.json", '{"files": ["model.onnx"]}'),
        "manifest.json: files: ",
    ),
    "manifest_of_no_facts": (
        holds("manifest.json", '{"files": {"model.onnx": null}}'),
        "manifest.json: files/model",
    ),
    "manifest_of_latin_1": (holds("manifest.json", b'{"\xe4": 1}'), "manifest.json is no JSON"),
    "metric_of_an_odd_type": (
        edited("manifest.json", lambda content: content.update(primary_metric=[1])),
        "manifest.json: primary_metric",
    ),
    **{
        f"manifest_names_{label}": (manifest_names(name), "is not the name of a file inside")
        for label, name in {
            "above": "../x",
            "far_above": "a/../../x",
            "the_root": "/etc/passwd",
            "nothing": "",
            "a_null": "a\0b",
            "dots": "..",
            "backslashes": "..\\x",
            "a_drive": "C:x",
            "a_windows_device": "nul.txt",
            "5000_letters": "a" * 5000,
        }.items()
    },
}


def add_endless_loop(model: Any) -> None:
    """Have a graph double its last value for ever before it answers."""

    def value(name: str, kind: int, shape: list[int | None]) -> Any:
        return helper.make_tensor_value_info(name, kind, shape)

    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["on"]),
            helper.make_node("Add", ["old", "old"], ["new"]),
        ],
        "body",
        [
            value("i", onnx.TensorProto.INT64, []),
            value("go", onnx.TensorProto.BOOL, []),
            value("old", onnx.TensorProto.FLOAT, []),
        ],
        [value("on", onnx.TensorProto.BOOL, []), value("new", onnx.TensorProto.FLOAT, [])],
    )
    always = helper.make_tensor("always", onnx.TensorProto.BOOL, [], [True])
    last = model.graph.node[-1]
    loop = helper.make_node("Loop", ["", "always", "zero"], ["never"], body=body)
    total = helper.make_node("Add", [last.input[0], "never"], ["all"])
    end = helper.make_node("Sigmoid", ["all"], [last.output[0]])
    model.graph.node.remove(last)
    model.graph.node.extend([loop, total, end])
    model.graph.initializer.append(always)
