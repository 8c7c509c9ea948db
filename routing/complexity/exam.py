"""Features of exam questions: multiple choice as in MMLU, and word problems as in GSM8K.

The reader sees how a question is built (lengths, figures, negations, how alike the choices are) and which letters it is
made of, which tell the subject.
"""

import math
import re
from collections import Counter

from .reading import Reading, bounded, plain

CHOICE_FORM = re.compile(r"\nA[.)] .+\nB[.)] .+\nC[.)] .+\nD[.)] .+\Z", re.DOTALL)
CHOICE = re.compile(r"\n[A-D][.)] ")
ANSWER_MARK = re.compile(r"\s*\n\s*Answer:\s*\Z")
NUMBER_WORDS = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|dozen|hundred|thousand|half|third|quarter|twice|double"
    r"|triple)\b"
)
RELATION = re.compile(r"\b(?:more|less|fewer|than|each|every|per|total|remaining|left|rest)\b")
PAST = re.compile(r"according to|in the \d{4}|century|refer")
GRAM_TOKEN = re.compile(r"\d|[^\W\d_]+|[^\w\s]")
SENTENCE = re.compile(r"[.!?]\s")
LONGEST_WORD = 40


def is_choice_question(text: str) -> bool:
    """Tell whether a text ends in four choices, A to D."""
    return CHOICE_FORM.search(ANSWER_MARK.sub("", text)) is not None


def grams(text: str) -> Counter[str]:
    """Return runs of three and four letters with their counts."""
    found: Counter[str] = Counter()
    for word, count in Counter(GRAM_TOKEN.findall(plain(bounded(text)))).items():
        padded = f" {word[:LONGEST_WORD]} "
        for size in (3, 4):
            for start in range(len(padded) - size + 1):
                found[padded[start : start + size]] += count
    return found


def weigh_grams(found: Counter[str], documents: dict[str, int], total: int) -> dict[str, float]:
    """Return TF-IDF weights of length 1: (1 + ln count) (1 + ln(total / documents)), for the known runs."""
    weights = {
        gram: (1 + math.log(count)) * (1 + math.log(total / documents[gram]))
        for gram, count in found.items()
        if gram in documents
    }
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {gram: weight / length for gram, weight in weights.items()}


def structure(text: str) -> list[float]:
    """Return the measures of how a question is built, always in the same order and number."""
    question = ANSWER_MARK.sub("", bounded(text))
    stem, *choices = CHOICE.split(question)
    return [*_of_all(question), *_of_stem(stem), *_of_choices(choices)]


def problem_structure(text: str) -> list[float]:
    """Return the measures of a word problem: length, figures, relations, and its last sentence."""
    problem = bounded(text)
    low = problem.lower()
    words = low.split() or [""]
    sentences = SENTENCE.split(problem)
    last = sentences[-1] if sentences[-1].strip() or len(sentences) == 1 else sentences[-2]
    return [
        len(problem),
        len(words),
        len(sentences),
        len(last),
        problem.count("?"),
        problem.count(","),
        problem.count("."),
        problem.count("$"),
        problem.count("%"),
        _digits(problem),
        len(re.findall(r"\d+", problem)),
        len(set(re.findall(r"\d+", problem))),
        len(re.findall(r"\d+/\d+", problem)),
        len(NUMBER_WORDS.findall(low)),
        len(RELATION.findall(low)),
        len(re.findall(r"\bif\b", low)),
        len(re.findall(r"\b(?:how many|how much)\b", low)),
        sum(map(len, words)) / len(words),
        sum(len(word) > 9 for word in words) / len(words),
        len(set(words)) / len(words),
    ]


def _of_all(question: str) -> list[float]:
    low = question.lower()
    words = low.split() or [""]
    return [
        len(question),
        question.count("?"),
        question.count("_"),
        question.count("\n"),
        sum(char in "+-*/=^$\\<>" for char in question),
        sum(char in "()[]{}" for char in question),
        question.count("$"),
        question.count("%"),
        question.count('"') + question.count("\u201c"),
        len(re.findall(r"\bnot\b|except\b", low)),
        len(re.findall(r"\bif\b", low)),
        len(re.findall(r"which of the following", low)),
        len(re.findall(r"\b(?:how many|how much)\b", low)),
        len(re.findall(r"\d+/\d+", question)),
        len(set(re.findall(r"\d+", question))),
        len(NUMBER_WORDS.findall(low)),
        len(RELATION.findall(low)),
        float("Statement" in question),
        float("Scenario" in question),
        float(PAST.search(low) is not None),
        sum(map(len, words)) / len(words),
        sum(len(word) > 9 for word in words) / len(words),
        len(set(words)) / len(words),
    ]


def _of_stem(stem: str) -> list[float]:
    sentences = SENTENCE.split(stem)
    last = sentences[-1] if sentences[-1].strip() or len(sentences) == 1 else sentences[-2]
    trimmed = stem.strip()
    return [
        len(stem),
        len(stem.split()),
        len(sentences),
        len(last),
        _digits(stem),
        len(re.findall(r"\d+", stem)),
        stem.count(","),
        stem.count("."),
        sum(char.isupper() for char in stem) / (len(stem) + 1),
        float(trimmed.endswith("?")),
        float(trimmed.endswith(":")),
    ]


def _of_choices(choices: list[str]) -> list[float]:
    lengths = [len(choice) for choice in choices] or [0]
    mean = sum(lengths) / len(lengths)
    spread = math.sqrt(sum((length - mean) ** 2 for length in lengths) / len(lengths))
    digits = [_digits(choice) for choice in choices]
    sets = [set(choice.lower().split()) for choice in choices]
    shared = len(set.intersection(*sets)) / (1 + len(set.union(*sets))) if len(sets) > 1 else 0.0
    return [
        len(choices),
        mean,
        max(lengths),
        min(lengths),
        max(lengths) - min(lengths),
        spread / (mean + 1),
        lengths.index(max(lengths)) if choices else -1,
        sum(len(choice.split()) for choice in choices) / len(choices) if choices else 0.0,
        sum(digits),
        float(any(digits)),
        shared,
    ]


def _digits(text: str) -> int:
    return sum(char.isdigit() for char in text)


def may_be_word_problem(text: str) -> bool:
    """Tell whether a text has two figures at least and ends in what is asked for, as word problems do."""
    figures = len(re.findall(r"\d+", text)) + len(NUMBER_WORDS.findall(text.lower()))
    asks = text.rstrip().endswith("?") or "calculate" in text[-200:].lower()
    return asks and figures >= 2


def gate_features(reading: Reading) -> set[str]:
    """Return what tells a word problem from a business query: its words."""
    return {token for token in reading.tokens if token[0].isalnum()}
