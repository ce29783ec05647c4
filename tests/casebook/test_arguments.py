"""A fault in a command line is answered in a line that names it, and with what is near it."""

import pytest

from casebook.arguments import ArgumentParser


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    parser = ArgumentParser(prog="python -m flows.shop")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--profile", choices=["smoke", "full"])
    with pytest.raises(SystemExit) as end:
        parser.parse_args(arguments)
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert said.endswith("`python -m flows.shop --help` lists all.\n")
    assert said.count("\n") == 2
    return said


@pytest.mark.parametrize("argument", ["--sed", "--sed=3", "--se"])
def test_an_unknown_flag_is_named_with_the_nearest(
    capsys: pytest.CaptureFixture[str], argument: str
) -> None:
    said = refused(capsys, argument)
    assert said.startswith(f"{argument.split('=')[0]}: there is no such argument. Did you mean --s")


def test_a_word_like_none_is_named_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "nonsense").startswith("nonsense: there is no such argument.\n")


def test_a_wrong_choice_is_named_with_all_and_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = refused(capsys, "--profile", "smok")
    assert said.startswith("--profile smok: there are smoke, full. Did you mean smoke?\n")


def test_an_empty_word_and_an_empty_choice_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "").startswith("'': there is no such argument.\n")
    parser = ArgumentParser(prog="shop")
    parser.add_argument("--decimal", choices=["", ".", ","])
    with pytest.raises(SystemExit):
        parser.parse_args(["--decimal", ";"])
    assert capsys.readouterr().err.startswith("--decimal ;: there are '', ., ,.\n")


def test_a_mistyped_flag_is_named_rather_than_the_one_that_lacks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = ArgumentParser(prog="shop")
    parser.add_argument("--source", required=True)
    for given, said in (
        (["--sorce", "a.csv"], "--sorce: there is no such argument. Did you mean --source?"),
        ([], "the following arguments are required: --source"),
    ):
        with pytest.raises(SystemExit):
            parser.parse_args(given)
        assert capsys.readouterr().err.startswith(said)


def test_any_other_fault_is_told_as_the_library_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--seed: invalid int value: 'x'" in refused(capsys, "--seed", "x")
    assert "--seed: expected one argument" in refused(capsys, "--seed")
