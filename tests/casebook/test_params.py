"""Flags are made from the parameters, and a fault names its flag."""

import argparse
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest

from casebook import paths
from casebook.cli import named
from casebook.params import CaseParams, add_flags, parse
from flows.fraud import FraudParams


def flags(*words: str) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    add_flags(parser, FraudParams)
    return vars(parser.parse_args(words))


def test_no_flags_give_the_defaults() -> None:
    assert parse(FraudParams, flags()) == FraudParams()


def test_flags_set_words_numbers_lists_and_switches() -> None:
    words = (
        "--profile smoke --seed 7 --learning-rate 0.1 --candidates course ensemble --peers "
        "--refresh"
    )
    params = parse(FraudParams, flags(*words.split()))
    assert isinstance(params, FraudParams)
    assert (params.profile, params.seed, params.learning_rate, params.refresh) == (
        "smoke",
        7,
        0.1,
        True,
    )
    assert (params.candidates, params.peers) == (("course", "ensemble"), ())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--epochs 0", "--epochs 0: input should be greater than or equal to 1"),
        ("--seed x", "--seed x: input should be a valid integer"),
        ("--dropout 1", "--dropout 1: input should be less than 1"),
        ("--learning-rate nan", "--learning-rate nan: input should be a finite number"),
        ("--cost-missed inf", "--cost-missed inf: input should be a finite number"),
        ("--cost-missed 1e999", "--cost-missed 1e999: input should be a finite number"),
        ("--profile quick", "--profile quick: input should be 'smoke', 'standard' or 'full'"),
        ("--peers forest", "--peers forest: input should be 'dummy'"),
    ],
)
def test_a_fault_names_its_flag_the_value_and_what_is_allowed(words: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^--") as error:
        parse(FraudParams, flags(*words.split()))
    assert str(error.value).startswith(message)


def test_every_fault_has_its_line_and_an_unknown_name_is_told() -> None:
    with pytest.raises(ValueError, match="--seed") as error:
        parse(FraudParams, {"seed": "-1", "epochs": "0"})
    assert len(str(error.value).splitlines()) == 2
    with pytest.raises(ValueError, match="--candidates jungle") as error:
        parse(FraudParams, {"candidates": ["jungle"]})
    assert len(str(error.value).splitlines()) == 1
    with pytest.raises(
        ValueError, match="sead: unknown; there are profile, source, language, date, seed"
    ):
        parse(FraudParams, {"sead": 1})


@pytest.mark.parametrize("model", [CaseParams, FraudParams])
def test_every_field_is_described_and_has_a_valid_default(model: type[CaseParams]) -> None:
    assert all(
        field.description and not field.is_required() for field in model.model_fields.values()
    )
    assert model.model_validate(model().model_dump()) == model()


def test_the_form_is_flat() -> None:
    schema = FraudParams.model_json_schema()
    assert "$defs" not in schema
    assert all(
        "$ref" not in field and field.get("type") != "object"
        for field in schema["properties"].values()
    )


def test_help_tells_choices_limits_and_defaults() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser, FraudParams)
    text = " ".join(parser.format_help().split())
    assert "one of smoke, standard, full; default: standard" in text
    assert "at least 1 and at most 5000; default: 200" in text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", '# best\nepochs = 7\nlayers = [32, 16]\noptimizer = "sgd"\nl1 = 1e-05\n'),
        ("a.json", '{"epochs": 7, "layers": [32, 16], "optimizer": "sgd", "l1": 1e-5}'),
    ],
)
def test_a_file_sets_parameters_and_flags_win_over_it(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    params = parse(FraudParams, flags("--epochs", "9"), tmp_path / name)
    assert params == FraudParams(epochs=9, layers=(32, 16), optimizer="sgd", l1=1e-5)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("name", "text"),
    [("a.toml", "epochs = 5"), ("a.json", '{"epochs": 5}'), ("A.JSON", '{"epochs": 5}')],
)
def test_a_byte_order_mark_is_no_part_of_a_file(
    tmp_path: Path, name: str, text: str, encoding: str
) -> None:
    (tmp_path / name).write_text(text, encoding=encoding)
    assert parse(FraudParams, flags(), tmp_path / name) == FraudParams(epochs=5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "# café\nepochs = 5".encode("latin-1"),
            "is no UTF-8 text from byte 6 on. Save it as UTF-8.",
        ),
        ("epochs = 5".encode("utf-16-le"), "Save it as UTF-8 text."),
    ],
    ids=["latin-1", "utf-16-without-a-mark"],
)
def test_another_encoding_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.toml") as error:
        parse(FraudParams, flags(), tmp_path / "a.toml")
    assert str(error.value).endswith(message)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"can't be read: Is a directory"):
        parse(FraudParams, flags(), tmp_path)


CASES = sorted(
    path.stem
    for path in (paths.project() / "flows").glob("*.py")
    if "@case\n" in path.read_text("utf-8")
)


def takes_a_fraction(kind: object) -> bool:
    return kind is float or any(takes_a_fraction(part) for part in get_args(kind))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
def test_no_case_takes_a_number_that_is_not_finite(case: str, value: str) -> None:
    model = named(f"flows.{case}").params
    for name, field in model.model_fields.items():
        if takes_a_fraction(field.annotation):
            several = get_origin(field.annotation) is tuple
            with pytest.raises(ValueError, match=r"(should be a finite number|input should be)"):
                parse(model, {name: [value] if several else value})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.toml", "dropout = 1.5", "a.toml: dropout 1.5: input should be less than 1"),
        ("a.toml", "colour = 1", "a.toml: colour: unknown; there are profile"),
        (
            "a.toml",
            "seed = 1\nepochs 3",
            "a.toml can't be read as TOML: Expected '=' after a key in a key/value pair (at line 2",
        ),
        (
            "a.toml",
            "epochs = 1\nepochs = 2",
            "a.toml can't be read as TOML: Cannot overwrite a value",
        ),
        ("a.toml", "cost_missed = inf", "a.toml: cost_missed inf: input should be a finite number"),
        ("a.toml", "cost_missed = nan", "a.toml: cost_missed nan: input should be a finite number"),
        ("a.toml", f"cost_missed = 1{'0' * 400}", "0…: input should be a valid number"),
        (
            "a.toml",
            f"seed = 0x{'F' * 8000}",
            "seed an integer of over 4,300 digits: input should be less than",
        ),
        ("a.toml", f"seed = {'9' * 5000}", "a.toml can't be read as TOML: Exceeds the limit"),
        ("a.toml", "layers = [inf]", "a.toml: layers inf: input should be a finite number"),
        (
            "a.toml",
            f"seed = {'[' * 100_000}",
            "a.toml can't be read as TOML: it is nested too deeply",
        ),
        ("a.json", "[1]", "a.json holds no names and values"),
        (
            "a.json",
            "{",
            "a.json can't be read as JSON: Expecting property name enclosed in double quotes: "
            "line 1",
        ),
        ("a.json", "", "a.json can't be read as JSON: Expecting value: line 1 column 1"),
        ("a.json", "[" * 100_000, "a.json can't be read as JSON: it is nested too deeply"),
        ("a.json", '{"epochs": 1, "epochs": 2}', "the name 'epochs' stands twice"),
        ("a.json", '{"cost_missed": Infinity}', "cost_missed inf: should be a finite number"),
        ("a.json", '{"cost_missed": 1e999}', "cost_missed inf: should be a finite number"),
        ("a.json", '{"layers": [8, NaN]}', "layers nan: should be a finite number"),
        ("a.json", "Infinity", "the value inf: should be a finite number"),
        ("a.json", '{"cost_missed": "inf"}', "cost_missed inf: input should be a finite number"),
    ],
)
def test_a_fault_in_a_file_names_the_file(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=name) as error:
        parse(FraudParams, flags(), tmp_path / name)
    assert message in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere.toml can't be read: No such file"):
        parse(FraudParams, flags(), tmp_path / "nowhere.toml")
