"""Convert a request's texts to the numbers of their tokens, or list everything wrong with them."""

from collections.abc import Iterator, Sequence

from casebook.words import Vocabulary, numbered, padded
from serving.check import Checked, Fault, Refused, kind_of, shown
from serving.graph import TOKENS
from serving.signature import Field


class TextReader:
    """Reads instances of one text each, by the vocabulary that the model was trained with.

    Examples
    --------
    >>> words = Vocabulary(unit="word", tokens=("good",), length=3)
    >>> reader = TextReader(Field("review", "text", longest=100), words)
    >>> reader.read([{"review": "Good!"}, {"review": "good or bad"}]).feeds["tokens"].tolist()
    [[2, 0, 0], [2, 1, 1]]
    """

    def __init__(self, field: Field, vocabulary: Vocabulary) -> None:
        self.field = field
        self.vocabulary = vocabulary

    def read(self, instances: Sequence[object]) -> Checked:
        """Number the tokens of all texts, with zeros after the shorter ones.

        Raises
        ------
        Refused
            If any instance has a fault; it lists them all.
        """
        faults = [
            fault for row, given in enumerate(instances) for fault in self._faults(row, given)
        ]
        if faults:
            raise Refused(iter(faults))
        texts = [given.get(self.field.name) for given in instances if isinstance(given, dict)]
        return Checked({TOKENS: padded(numbered(texts, self.vocabulary))}, [], 0)

    def _faults(self, row: int, instance: object) -> Iterator[Fault]:
        if not isinstance(instance, dict):
            yield Fault(row, None, f"a row must be an object, not {kind_of(instance)}")
            return
        name = self.field.name
        yield from (
            Fault(row, shown(other), "is no field of this model")
            for other in instance
            if other != name
        )
        wrong = self._problem(instance[name]) if name in instance else "is missing"
        if wrong:
            yield Fault(row, name, wrong)

    def _problem(self, text: object) -> str | None:
        """Say what is wrong with a text, or nothing; null is a text that was not written."""
        longest = self.field.longest or 0
        if text is None and self.field.optional:
            return None
        if not isinstance(text, str):
            return f"must be a text, not {kind_of(text)}"
        if not text.strip():
            return (
                "is empty; null asks for one that was not written"
                if self.field.optional
                else "is empty"
            )
        if len(text) > longest:
            return f"has {len(text):,} characters, which are more than {longest}"
        if any("\ud800" <= character <= "\udfff" for character in text):
            return "holds half a character (a lone surrogate)"
        return None
