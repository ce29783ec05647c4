"""Make the pictures of both READMEs from real runs: `python docs/make_pictures.py`.

It runs the fraud case on the real data, in English and in Korean, and lets a headless Chromium draw
the report. The model's page shows an example row, so what it serves is a model of the sample. A
font for Korean must be installed, such as NanumGothic.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PICTURES = Path(__file__).parent / "pictures"
PROJECT = Path(__file__).resolve().parent.parent
SIZE = "1200,1000"  # pixels
LANGUAGES = (("en", ""), ("ko", ".ko"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Draw four pictures."""
    PICTURES.mkdir(exist_ok=True)
    for language, ending in LANGUAGES:
        draw(report(language).as_uri(), PICTURES / f"report{ending}.png", language)
    with tempfile.TemporaryDirectory() as folder:
        draw_service(os.environ | {"CASEBOOK_ARTIFACTS": folder})


def draw_service(environment: dict[str, str]) -> None:
    """Publish a model of the sample, serve it, and draw its page."""
    for module, *flags in (
        ("flows.fraud", "--source", "sample", "--profile", "smoke"),
        ("flows.promote", "fraud", "1"),
    ):
        command = [sys.executable, "-m", module, *flags]
        subprocess.run(command, cwd=PROJECT, env=environment, check=True, capture_output=True)
    command = [sys.executable, "-m", "serving", "--port", "0", "--log", "warning"]
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout is not None
        address = re.search(r"http://\S+", service.stdout.readline())
        assert address is not None
        for language, ending in LANGUAGES:
            page = f"{address[0]}/models/fraud?language={language}"
            draw(page, PICTURES / f"service{ending}.png", language)
        service.terminate()


def report(language: str) -> Path:
    """Run the case and return the path of its report."""
    command = [sys.executable, "-m", "flows.fraud", "--source", "real", "--language", language]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    return next(Path(line) for line in done.stdout.splitlines() if line.endswith("report.html"))


def draw(address: str, picture: Path, language: str) -> None:
    """Have a browser draw the upper part of a page."""
    browser = next(path for name in BROWSERS if (path := shutil.which(name)))
    flags = ["--headless=new", "--no-sandbox", "--hide-scrollbars", f"--window-size={SIZE}"]
    flags += [f"--accept-lang={language}", f"--screenshot={picture}"]
    subprocess.run([browser, *flags, address], check=True, capture_output=True)


if __name__ == "__main__":
    main()
