"""Pages' paths become addresses where they are served."""

from pathlib import Path

import pytest

from casebook import paths
from casebook.artifacts_ui import linked


def test_pages_are_links_where_runs_are_served(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = paths.runs("car_price") / "1" / "report.html"
    text = f"Nothing moved.\n{page}\n{artifacts / 'models'}"
    assert linked(text) == text
    monkeypatch.setenv("CASEBOOK_REPORTS", "http://127.0.0.1:4201/")
    assert (
        linked(text)
        == f"Nothing moved.\nhttp://127.0.0.1:4201/car_price/1/report.html\n{artifacts / 'models'}"
    )
