"""Measures of a router: PGR, APGR and CPT as in RouteLLM (arXiv 2406.18665), accuracy and calibration error."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise

from .dataset import Marked


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well a score finds the questions for which the strong model is worth its price."""

    apgr: float
    cpt50: float
    cpt80: float


def rank(scores: Sequence[float], questions: Sequence[Marked]) -> Ranking:
    """Order questions by score, send the hardest share to the strong model, measure what is recovered.

    APGR is the area under the recovered gap over the share (random: 0.5). CPT(x %) is the smallest share that
    recovers x % of the gap (random: x %). Ties share their gain.
    """
    recovered = _recovered(scores, questions)
    count = len(questions)
    area = sum((before + after) / 2 for before, after in pairwise(recovered)) / count
    return Ranking(area, _smallest_share(recovered, 0.5), _smallest_share(recovered, 0.8))


def _recovered(scores: Sequence[float], questions: Sequence[Marked]) -> list[float]:
    pairs = sorted(zip(scores, (question.gain for question in questions), strict=True), key=lambda pair: -pair[0])
    gains: list[float] = []
    for _, tied in groupby(pairs, key=lambda pair: pair[0]):
        group = [gain for _, gain in tied]
        gains.extend([sum(group) / len(group)] * len(group))
    gap = sum(gains)
    return [0.0, *(value / gap for value in accumulate(gains))]


def _smallest_share(recovered: Sequence[float], wanted: float) -> float:
    count = len(recovered) - 1
    return next(place for place, value in enumerate(recovered) if value >= wanted - 1e-9) / count


def calibration_error(probabilities: Sequence[float], targets: Sequence[float], bins: int = 10) -> float:
    """Return the expected calibration error: the mean distance of probability and frequency, over equal bins."""
    total = 0.0
    for place in range(bins):
        low, high = place / bins, (place + 1) / bins
        found = [
            (probability, target)
            for probability, target in zip(probabilities, targets, strict=True)
            if low <= probability < high or (place == bins - 1 and probability == 1)
        ]
        if found:
            mean = sum(probability for probability, _ in found) / len(found)
            frequency = sum(target for _, target in found) / len(found)
            total += len(found) * abs(mean - frequency)
    return total / len(probabilities)
