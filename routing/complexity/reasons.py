"""Say in short sentences why a query counts as simple or complex.

The sentences name what can be seen in the query and speaks for the tier that the score led to. Where too little of that
is found, the words that weigh most in the model are named.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import exam
from .features import CODE, NUMBERS, phrases
from .industries import BALANCED, Industry, industry_named
from .lexicon import TAG_OF
from .model import Model
from .reading import HEAD, TAIL, Reading

MOST = 4
CLOSE = 0.05
STRONG = 80
"""Weight, in thousandths, from which a phrase is worth naming."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What is seen in a query: its tags with the first word of each, and some counts."""

    reading: Reading
    words: dict[str, str]
    last: dict[str, str]
    count: int
    commas: int
    numbers: int

    def word(self, *tags: str) -> str:
        """Return the first word that has one of the tags, in quotation marks, or nothing."""
        return next((f"\u201c{self.words[tag]}\u201d" for tag in tags if tag in self.words), "")

    def asked(self, *tags: str) -> str:
        """Return the same for the last sentence, where the question usually stands."""
        return next((f"\u201c{self.last[tag]}\u201d" for tag in tags if tag in self.last), "")


def _signs(reading: Reading) -> Signs:
    words, last = _first_words(reading.tokens), _first_words(reading.last)
    spoken = [token for token in reading.tokens if token[0].isalnum()]
    numbers = sum(token in NUMBERS for token in spoken)
    return Signs(reading, words, last, len(spoken), reading.text.count(","), numbers)


def _first_words(tokens: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for token in tokens:
        if token in TAG_OF:
            found.setdefault(TAG_OF[token], token)
    return found


Sign = Callable[[Signs], str]


def _said(sentence: str, *tags: str) -> Sign:
    def sign(signs: Signs) -> str:
        word = signs.word(*tags)
        return f"{sentence} ({word})" if word else ""

    return sign


def _asked(sentence: str, *tags: str) -> Sign:
    def sign(signs: Signs) -> str:
        word = signs.asked(*tags)
        return f"{sentence} ({word})" if word else ""

    return sign


def _code(signs: Signs) -> str:
    return "It contains code" if len(CODE.findall(signs.reading.plain)) >= 5 else ""


def _parts(signs: Signs) -> str:
    if signs.commas < 3 and signs.numbers < 4:
        return ""
    counts = [(signs.commas, "commas"), (signs.numbers, "figures")]
    return f"It has many parts: {' and '.join(f'{count} {name}' for count, name in counts if count > 1)}"


def _story(signs: Signs) -> str:
    return f"It describes a situation in {signs.reading.sentences} sentences" if signs.reading.sentences >= 4 else ""


def _greeting(signs: Signs) -> str:
    begins = [TAG_OF.get(token) for token in signs.reading.tokens[:1]] if signs.count <= 6 else []
    return "It is a greeting" if begins == ["HELLO"] else "It is a word of thanks" if begins == ["THANKS"] else ""


def _yes_or_no(signs: Signs) -> str:
    begins = TAG_OF.get(signs.reading.last[0], "") if signs.reading.last else ""
    return "It can be answered with yes or no" if begins in ("BE", "DO", "HAVE") else ""


def _quote(signs: Signs) -> str:
    return "It works on a quoted text" if signs.reading.has_quote else ""


def _short(signs: Signs) -> str:
    return f"It is short: {signs.count} {'word' if signs.count == 1 else 'words'}" if signs.count <= 12 else ""


SPEAK_FOR_LARGE: list[Sign] = [
    _code,
    _said("It asks to compare, judge or recommend", "JUDGE"),
    _said("It asks to work something out", "MAKE"),
    _said("It asks for a cause", "WHY", "CAUSE"),
    _said("It depends on a condition", "IF"),
    _said("It asks what is worth more", "WORTH"),
    _said("It asks for a decision", "SHOULD"),
    _parts,
    _story,
    _said("It weighs one thing against another", "OR", "BUT", "COMPARATIVE"),
]
SPEAK_FOR_SMALL: list[Sign] = [
    _greeting,
    _said("It asks to change the form of a text", "EDIT"),
    _asked("It wants one thing only", "ONLY"),
    _asked("It asks for one fact", "WHO", "WHERE", "WHEN", "WHICH", "MANY", "WHAT"),
    _yes_or_no,
    _asked("It asks for a simple act", "OPEN"),
    _asked("It asks to show or send something", "SHOW"),
    _asked("It asks for a name, a number or a time", "NAME", "TIME"),
    _quote,
    _short,
]


def reasons(reading: Reading, score: float, industry: Industry, model: Model) -> list[str]:
    """Return up to four sentences on the query, then what industry and length add."""
    is_large = score >= industry.threshold
    found = list(_about_the_query(reading, is_large, model))[:MOST]
    if abs(score - industry.threshold) < CLOSE:
        found.append("It is a close call")
    return found + list(_about_the_frame(reading, industry))


def _about_the_query(reading: Reading, is_large: bool, model: Model) -> Iterator[str]:
    if exam.is_choice_question(reading.text):
        yield "It is a multiple-choice question"
        yield f"Questions of this kind and subject are {'often' if is_large else 'seldom'} too hard for a small model"
        return
    if not reading.tokens:
        yield "It has no words"
        return
    if model.is_word_problem(reading):
        yield "It reads like a word problem with figures"
    signs = _signs(reading)
    sentences = [sentence for sign in _speaking_for(is_large) if (sentence := sign(signs))]
    yield from sentences
    if len(sentences) < 2:
        yield from _weightiest_words(reading, is_large, model)


def _speaking_for(is_large: bool) -> list[Sign]:
    return SPEAK_FOR_LARGE if is_large else SPEAK_FOR_SMALL


def _weightiest_words(reading: Reading, is_large: bool, model: Model) -> Iterator[str]:
    """Yield the phrase that moves the score most towards the tier."""
    sign = 1 if is_large else -1
    weights = model.business.weights
    known = [name for name in phrases(reading) if name[:2] == "w:" and name in weights]
    # A single word says too little to a person; pairs and triples do.
    found = [(sign * weights[name], name[2:]) for name in known if " " in name]
    weight, words = max(found, default=(-math.inf, ""))
    if weight > STRONG and all(char.isalpha() or char in " '" for char in words):
        kind = "demanding" if is_large else "simple"
        yield f"In the training data, \u201c{words}\u201d stands in {kind} queries"
    elif is_large:
        yield "It states a problem, not a simple question"
    else:
        yield "Nothing in it calls for a large model"


def _about_the_frame(reading: Reading, industry: Industry) -> Iterator[str]:
    if industry.leaning != "balanced":
        usual = industry_named(BALANCED).threshold
        yield (
            f"{industry.name.capitalize()} leans towards {industry.leaning}: "
            f"large from {industry.threshold:.2f} instead of {usual:.2f}"
        )
    if reading.length > HEAD + TAIL:
        yield f"Only the first {HEAD:,} and the last {TAIL:,} of its {reading.length:,} characters were read"
