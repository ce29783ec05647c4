"""The language of pages, the words given to their scripts, and the page where no model serves."""

import json
import re

import pytest
from flask.testing import FlaskClient

from casebook import paths
from serving.language import short

KOREAN = {"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.8"}


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", "ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("", "fr, ko;q=0.5", "ko"),
        ("", "en-GB, ko;q=0.5", "en"),
        ("", "ko;q=0, fr", "en"),
        ("", "fr", "en"),
        ("", "", "en"),
        ("", "nonsense;q=x,,", "en"),
        ("?language=en", "ko", "en"),
        ("?language=ko", "en", "ko"),
        ("?language=KO", "en", "en"),
        ("?language=xx", "ko", "ko"),
        ("?language=", "ko", "ko"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_browsers(
    client: FlaskClient, query: str, accepted: str, language: str
) -> None:
    for path, home in (("/", ""), ("/models/fraud", "../")):
        response = client.get(path + query, headers={"Accept-Language": accepted})
        assert f'<html lang="{language}">' in response.text
        assert response.headers["Content-Language"] == language
        assert "Accept-Language" in response.headers["Vary"]
        kept = f'href="{home}?language={language}"' in response.text.partition("<nav")[0]
        assert kept == (query in ("?language=en", "?language=ko"))


def test_scripts_get_all_their_words_in_the_pages_language(client: FlaskClient) -> None:
    english, korean = (
        words(client.get(f"/models/fraud?language={language}").text) for language in ("en", "ko")
    )
    assert english.keys() == korean.keys() == {"words", "steps", "faults"}
    same = {"number_drawn", "between"}  # values and signs alone
    for kind in ("words", "steps"):
        hangul = {name for name, text in korean[kind].items() if re.search("[가-힣]", text)}
        assert hangul == english[kind].keys() - same
    assert all(re.search("[가-힣]", text) for _, text in korean["faults"])
    used = " ".join(
        path.read_text(encoding="utf-8")
        for path in (paths.project() / "serving/static").glob("*.js")
    )
    named = {name for name in english["words"] if re.search(rf'"{name}"', used)}
    assert english["words"].keys() - named <= {"mark_binary", "mark_regression", "real", "sample"}


def words(page: str) -> dict[str, dict[str, str]]:
    match = re.search(r'<script type="application/json" id="words">(.*)</script>', page)
    assert match
    content: dict[str, dict[str, str]] = json.loads(match[1])
    return content


def test_faults_that_pages_translate_are_those_that_the_service_tells(client: FlaskClient) -> None:
    sources = "".join(
        path.read_text(encoding="utf-8")
        for path in sorted((paths.project() / "serving").glob("*.py"))
    )
    for pattern, _ in words(client.get("/models/fraud").text)["faults"]:
        for part in re.split(r"\{\w+\}", pattern):
            assert part in sources, pattern


def test_a_person_is_told_on_a_page_that_no_model_serves(client: FlaskClient) -> None:
    response = client.get("/models/no<body>", headers=KOREAN | {"Accept": "text/html,*/*;q=0.8"})
    assert (response.status_code, response.mimetype) == (404, "text/html")
    assert "no&lt;body&gt;(이)라는 모델이 없습니다" in response.text
    assert 'href="../models/mpg"' in response.text
    assert client.get("/models/nobody").mimetype == "application/json"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (0.31, "0.31"),
        (-34.5751, "-34.58"),
        (172756.0, "172,756"),
        (1234.56, "1,234.6"),
        (999.94, "999.9"),
        (-999.99, "-1,000"),
        (3.2e-7, "3.20e-07"),
    ],
)
def test_numbers_keep_four_digits_or_all_of_a_whole_number(value: float, expected: str) -> None:
    assert short(value) == expected
