"""Parts of a rehearsal: started, listened to, killed with all that they started, and ended."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from casebook.errors import CasebookError
from tests.rehearsal.scene import Scene

SERVER = ("http.server", "0", "--bind", "127.0.0.1")
FAMILY = (
    "-c",
    "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; "
    "time.sleep(600)'])",
)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with closing(Scene(tmp_path)) as rehearsal:
        yield rehearsal


def test_what_a_part_says_is_waited_for(scene: Scene) -> None:
    scene.start("pages", "-u", "-m", *SERVER)
    assert scene.until(lambda: scene.says("pages", r"port \d+"), "no port").startswith("port ")
    scene.close()
    assert scene.started["pages"].poll() is not None


def test_a_part_is_killed_with_all_that_it_started(scene: Scene) -> None:
    scene.start("family", *FAMILY)
    scene.until(lambda: psutil.Process(scene.started["family"].pid).children(), "no child")
    killed = scene.kill("family")
    assert len(killed) == 2
    assert not any(psutil.pid_exists(pid) for pid in killed)


def test_waiting_ends_where_a_part_has_ended(scene: Scene) -> None:
    scene.start("broken", "-c", "raise SystemExit(3)")
    with pytest.raises(CasebookError, match=r"never: broken ended with 3.*Logs"):
        scene.until(lambda: None, "never", 60)
    with pytest.raises(CasebookError, match="not within 0 s"):
        Scene(scene.folder).until(lambda: None, "never", 0)


def test_a_command_that_fails_is_told_with_what_it_said(scene: Scene) -> None:
    assert scene.run("-c", "print(1)") == "1"
    with pytest.raises(CasebookError, match="wrong"):
        scene.run("-c", "raise SystemExit('wrong')")
