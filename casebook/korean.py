"""Korean particles, whose form depends on how the word before them ends."""

import re

BASE, LAST = ord("가"), ord("힣")  # syllables; the consonant that ends one is its number modulo 28
FINALS, RIEUL = 28, 8  # and of these ㄹ
DIGITS = {"0": 21, "1": RIEUL, "3": 16, "6": 1, "7": RIEUL, "8": RIEUL}  # as they are read
LETTERS = {"L": RIEUL, "M": 16, "N": 4, "R": RIEUL}  # of an abbreviation
WORDS = (("ng", 21), ("le", RIEUL), ("l", RIEUL), ("m", 16), ("n", 4))  # ends of English words
FORMS = {
    "이(가)": ("이", "가"),
    "은(는)": ("은", "는"),
    "을(를)": ("을", "를"),
    "과(와)": ("과", "와"),
    "와(과)": ("과", "와"),
    "(으)로": ("으로", "로"),
}
PARTICLE = re.compile(
    r"(?P<word>(?<![0-9A-Za-z])[0-9A-Za-z]+|[가-힣])(?P<between>[^\w\s<(]*(?:</?\w+>)*)(?P<form>"
    + "|".join(map(re.escape, FORMS))
    + ")"
)


def with_particles(text: str) -> str:
    """Return a text in which each particle that is written in both forms has the right one.

    Digits and abbreviations count as they are read, English words by their last letters. After what
    isn't read, both forms stay.

    Examples
    --------
    >>> with_particles("버전 2이(가) fraud을(를) AUPRC(으)로, 버전 3은(는) 서울(으)로")
    '버전 2가 fraud를 AUPRC로, 버전 3은 서울로'
    """
    return PARTICLE.sub(_chosen, text)


def _chosen(match: re.Match[str]) -> str:
    word, form = match["word"], match["form"]
    final = final_consonant(word)
    after_consonant, after_vowel = FORMS[form]
    closed = final and not (form == "(으)로" and final == RIEUL)
    return f"{word}{match['between']}{after_consonant if closed else after_vowel}"


def final_consonant(word: str) -> int:
    """Return the number of the consonant in which a word ends as it is read, or 0.

    Examples
    --------
    >>> [final_consonant(word) for word in ("값", "나무", "7", "ROC", "forest", "boosting")]
    [18, 0, 8, 0, 0, 21]
    """
    last = word[-1]
    if BASE <= ord(last) <= LAST:
        return (ord(last) - BASE) % FINALS
    if last.isdigit():
        return DIGITS.get(last, 0)
    if word.isupper():
        return LETTERS.get(last, 0)
    return next((final for end, final in WORDS if word.lower().endswith(end)), 0)
