"""The trained heads, read once from `weights.json`, in plain Python.

A query goes to one of three heads. Multiple choice (by its form) goes to gradient-boosted trees over the structure of
the question and a linear model over letters. Word problems, which a small gate tells apart by their words, go to a
linear model. All else, which is what people ask at work, goes to a logistic regression over phrases, letters, the
skeleton of the question and a few measures. Each head ends in a calibration, so that the heads can be compared.
"""

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from . import exam
from .features import features
from .reading import Reading

WEIGHTS = Path(__file__).with_name("weights.json")
UNIT = 1_000
"""Weights are stored as whole numbers of a thousandth."""


def sigmoid(value: float) -> float:
    """Return the logistic function, without overflow."""
    if value >= 0:
        return 1 / (1 + math.exp(-min(value, 700)))
    power = math.exp(max(value, -700))
    return power / (1 + power)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt's scaling: probability = sigmoid(slope * raw + offset)."""

    slope: float
    offset: float

    def probability(self, raw: float) -> float:
        """Return the calibrated probability of a raw value."""
        return sigmoid(self.slope * raw + self.offset)


@dataclass(frozen=True, slots=True)
class Linear:
    """Named weights, in units of a thousandth, and a bias."""

    weights: dict[str, int]
    bias: float

    def raw(self, values: Any) -> float:
        """Return the weighted sum over (name, value) pairs."""
        known = self.weights
        return self.bias + sum(known[name] * value for name, value in values if name in known) / UNIT


@dataclass(frozen=True, slots=True)
class Grams:
    """A linear model over weighted runs of letters; `documents` says in how many texts of `total` each run occurs."""

    linear: Linear
    documents: dict[str, int]
    total: int

    def raw(self, text: str) -> float:
        """Return the weighted sum for a text."""
        return self.linear.raw(exam.weigh_grams(exam.grams(text), self.documents, self.total).items())


@dataclass(frozen=True, slots=True)
class Tree:
    """A regression tree in arrays; a leaf has feature -1."""

    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    value: list[float]

    def predict(self, row: list[float]) -> float:
        """Return the value of the leaf that a row falls into."""
        node = 0
        while self.feature[node] >= 0:
            below = row[self.feature[node]] <= self.threshold[node]
            node = self.left[node] if below else self.right[node]
        return self.value[node]


@dataclass(frozen=True, slots=True)
class ChoiceHead:
    """Trees over the structure of a multiple-choice question and what the letters say."""

    grams: Grams
    trees: list[Tree]
    base: float
    calibration: Calibration

    def probability(self, text: str) -> float:
        """Return the probability that the small model's answer is wrong."""
        row = [*exam.structure(text), self.grams.raw(text)]
        return self.calibration.probability(self.base + sum(tree.predict(row) for tree in self.trees))


@dataclass(frozen=True, slots=True)
class WordProblemHead:
    """One linear model over letters and over the structure of the question."""

    grams: Grams
    structure: list[float]
    bias: float
    calibration: Calibration

    def probability(self, text: str) -> float:
        """Return the probability that the small model's answer is wrong."""
        built = sum(weight * value for weight, value in zip(self.structure, exam.problem_structure(text), strict=True))
        return self.calibration.probability(self.bias + built + self.grams.raw(text))


@dataclass(frozen=True, slots=True)
class Model:
    """All heads and the gate between business queries and word problems."""

    business: Linear
    business_calibration: Calibration
    gate: Linear
    choice: ChoiceHead
    word_problem: WordProblemHead

    def probability(self, reading: Reading) -> float:
        """Return the calibrated probability that a small model's answer would not be good enough."""
        if exam.is_choice_question(reading.text):
            return self.choice.probability(reading.text)
        if self.is_word_problem(reading):
            return self.word_problem.probability(reading.text)
        return self.business_calibration.probability(self.business.raw(features(reading)))

    def is_word_problem(self, reading: Reading) -> bool:
        """Tell whether a text reads like a word problem from a school book, rather than like a query at work."""
        if not exam.may_be_word_problem(reading.text):
            return False
        words = exam.gate_features(reading)
        value = 1 / math.sqrt(len(words) + 1)
        return self.gate.raw((word, value) for word in words) > 0


@cache
def load() -> Model:
    """Return the model; the file is read on first use."""
    return from_json(json.loads(WEIGHTS.read_text(encoding="utf-8")))


def from_json(data: dict[str, Any]) -> Model:
    """Build the model from the content of the weights file."""
    choice, word = data["choice"], data["word_problem"]
    return Model(
        business=Linear(data["business"]["weights"], data["business"]["bias"]),
        business_calibration=Calibration(*data["business"]["calibration"]),
        gate=Linear(data["gate"]["weights"], data["gate"]["bias"]),
        choice=ChoiceHead(
            grams=_grams(choice["grams"]),
            trees=[Tree(*tree) for tree in choice["trees"]],
            base=choice["base"],
            calibration=Calibration(*choice["calibration"]),
        ),
        word_problem=WordProblemHead(
            grams=_grams(word["grams"]),
            structure=word["structure"],
            bias=word["bias"],
            calibration=Calibration(*word["calibration"]),
        ),
    )


def _grams(data: dict[str, Any]) -> Grams:
    documents = {gram: pair[0] for gram, pair in data["runs"].items()}
    weights = {gram: pair[1] for gram, pair in data["runs"].items()}
    return Grams(Linear(weights, 0.0), documents, data["total"])
