"""The documentation is built without a warning, and its tutorial is a case that runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

from sklearn import datasets

from casebook import paths
from tests.flows.house import House

TUTORIAL = paths.project() / "docs" / "own_data.md"
FILES = {"toml": "data/catalog.toml", "json": "expectations/iris.json", "python": "flows/iris.py"}


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=paths.project(), env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "own_data.html").is_file()


def test_the_tutorial_leads_to_a_model_that_serves(empty: House, tmp_path: Path) -> None:
    blocks = re.findall(r"```(\w+)\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL)
    for language, text in blocks:
        if language in FILES:
            path = tmp_path / "mycases" / FILES[language]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    environment = {**empty.environment, "CASEBOOK_CASES": str(tmp_path / "mycases")}
    house = House(empty.artifacts, environment)
    done = house.run("flows.iris", "--source", str(flowers(tmp_path)))
    assert done.code == 0, done.err
    assert (house.artifacts / "models" / "iris" / "production").read_text().strip() == "1"


def flowers(folder: Path) -> Path:
    """Write scikit-learn's table of irises as the tutorial's file."""

    data = datasets.load_iris(as_frame=True)
    names = ("Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width")
    table = data.data.set_axis(names, axis=1).assign(Species=data.target_names[data.target])
    path = folder / "iris.csv"
    table.to_csv(path, index=False)
    return path
