"""The container files, as far as they can be checked without an engine.

`build_images.py` builds and runs them.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from casebook import paths

FOLDER = paths.project() / "deployments"
DOCKERFILES = sorted(FOLDER.glob("*.Dockerfile"))
LINTED = [*DOCKERFILES, paths.project() / "tests" / "deployments" / "stand_in" / "Dockerfile"]
LOOPBACK = "127.0.0.1:"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def instructions(dockerfile: Path) -> list[list[str]]:
    text = re.sub(
        r"^#.*\n", "", dockerfile.read_text(encoding="utf-8"), flags=re.MULTILINE
    ).replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line.strip()]


@pytest.mark.skipif(sys.platform == "win32", reason="hadolint has no build for Windows")
def test_hadolint_finds_no_fault() -> None:
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which(
        "hadolint"
    )
    assert linter, "hadolint is missing: it comes with the extra `dev`"
    command = [linter, "--config", str(FOLDER / "hadolint.yaml"), *map(str, LINTED)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: str(path.name))
def test_an_image_is_of_a_numbered_user_and_its_command_is_no_shell(dockerfile: Path) -> None:
    last = {words[0]: words[1:] for words in instructions(dockerfile)}
    assert int(last["USER"][0].split(":")[0]) >= 1000
    started = last.get("ENTRYPOINT") or last["CMD"]
    assert json.loads(" ".join(started))[0] == "python"  # so that SIGTERM reaches it


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: str(path.name))
def test_all_is_installed_by_hash_and_what_is_copied_is_there(dockerfile: Path) -> None:
    installs = [
        words
        for words in instructions(dockerfile)
        if "install" in words and any("pip" in w for w in words)
    ]
    assert installs and all({"--no-deps", "--require-hashes"} <= set(words) for words in installs)
    allowed = (paths.project() / ".dockerignore").read_text(encoding="utf-8").split()
    copied = [
        words[1]
        for words in instructions(dockerfile)
        if words[0] == "COPY" and "--from=build" not in words
    ]
    for source in copied:
        for lock in ("cpu", "gpu"):
            path = source.replace("${LOCK}", lock)
            assert (paths.project() / path).exists()
            assert path == "." or f"!{path.split('/')[0]}" in allowed


def test_only_what_is_there_is_let_into_an_image() -> None:
    lines = (paths.project() / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*"
    assert all((paths.project() / line[1:]).exists() for line in lines if line.startswith("!"))


def test_the_set_follows_the_specification(compose: dict[str, Any]) -> None:
    from compose_spec import PyCompose

    PyCompose.from_json(json.dumps(compose))  # names what is unknown or of a wrong form
    with pytest.raises(ValueError, match="readonly"):
        PyCompose.from_json(json.dumps(compose).replace("read_only", "readonly"))


def test_what_the_set_names_is_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        volumes = {volume.split(":")[0] for volume in service.get("volumes", [])}
        assert volumes <= compose["volumes"].keys()
        assert set(service.get("networks", [])) <= compose["networks"].keys()
        assert service.get("depends_on", {}).keys() <= compose["services"].keys()
        if build := service.get("build"):
            assert FOLDER.parent / build["dockerfile"] in DOCKERFILES
            assert (FOLDER / build["context"]).resolve() == paths.project()


def test_whoever_breaks_in_finds_little(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert all(port.startswith(LOOPBACK) for port in service.get("ports", []))


def test_who_waits_for_health_waits_for_a_check(compose: dict[str, Any]) -> None:
    waited = {
        name: how["condition"]
        for service in compose["services"].values()
        for name, how in service.get("depends_on", {}).items()
    }
    assert waited == {
        "database": "service_healthy",
        "server": "service_healthy",
        "register": "service_completed_successfully",
    }
    assert all(
        "healthcheck" in compose["services"][name]
        for name in ("database", "server", "worker", "worker-gpu")
    )
    assert any(words[0] == "HEALTHCHECK" for words in instructions(FOLDER / "service.Dockerfile"))


def test_no_secret_is_in_a_file(compose: dict[str, Any]) -> None:
    secrets = [
        value
        for name, value in variables(compose)
        if re.search("PASSWORD|KEY|TOKEN|ALERTS_URL", name)
    ]
    assert secrets and all(re.fullmatch(r"\$\{\w+:[-?].*\}", value) for value in secrets)
    example = (FOLDER / "env.example").read_text(encoding="utf-8")
    named = dict(re.findall(r"^(\w+)=(.*)$", example, flags=re.MULTILINE))
    assert not any(named.values())
    used = re.findall(r"\$\{(\w+)", (FOLDER / "compose.yaml").read_text(encoding="utf-8"))
    assert set(used) - {"CODE_VERSION"} == named.keys()
    assert (
        "/deployments/.env" in (paths.project() / ".gitignore").read_text(encoding="utf-8").split()
    )


def variables(compose: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        pair
        for service in compose["services"].values()
        for pair in service.get("environment", {}).items()
    ]
