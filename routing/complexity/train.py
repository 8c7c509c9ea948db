"""Train the heads and write `weights.json`: `python -m routing.complexity.train` (needs `requirements-train.txt`)."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, cross_val_predict

from . import dataset, exam
from .dataset import Example, Marked
from .features import features
from .model import UNIT, WEIGHTS, Model, from_json
from .reading import read

SEED = 7
BUSINESS_FEATURES = 40_000
"""Features of the business head that are kept, by the size of their weights."""
GATE_WORDS = 1_500
CHOICE_DOCUMENTS = 4
WORD_DOCUMENTS = 3
"""Texts in which a run of letters must occur to be kept."""
STRUCTURE_SHARE = 0.2
"""Size of a standardised measure beside the letters of a word problem, whose weights have length 1."""


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What a model is trained on. `measured` business queries also serve to calibrate; `extra` only to train."""

    measured: Sequence[Example]
    extra: Sequence[Example]
    mmlu: Sequence[Marked]
    gsm8k: Sequence[Marked]
    mt_bench: Sequence[Marked]


def everything() -> TrainingSet:
    """Return all data that there is."""
    return TrainingSet(
        measured=dataset.business(),
        extra=dataset.only_for_training(),
        mmlu=dataset.benchmark("mmlu"),
        gsm8k=dataset.benchmark("gsm8k"),
        mt_bench=dataset.benchmark("mt_bench"),
    )


def train(given: TrainingSet) -> dict[str, Any]:
    """Return the content of the weights file."""
    return {
        "about": "Trained by `python -m routing.complexity.train`; do not edit. Weights in thousandths.",
        "business": train_business(given),
        "gate": train_gate(given),
        "choice": train_choice(given.mmlu),
        "word_problem": train_word_problem(given.gsm8k),
    }


def train_model(given: TrainingSet) -> Model:
    """Return the model that comes of the data."""
    return from_json(train(given))


def _matrix(rows: Sequence[dict[str, float]]) -> tuple[Any, list[str]]:
    # Sorted, because sets come in another order in each process, and training must give the same weights again.
    names = sorted({name for row in rows for name in row})
    column_of = {name: column for column, name in enumerate(names)}
    places, columns, values = [], [], []
    for place, row in enumerate(rows):
        for name, value in sorted(row.items()):
            places.append(place)
            columns.append(column_of[name])
            values.append(value)
    return sparse.csr_matrix((values, (places, columns)), shape=(len(rows), len(names))), names


def _thousandths(names: Sequence[str], weights: Any, kept: int) -> dict[str, int]:
    order = np.argsort(-np.abs(weights))[:kept]
    found = {names[place]: round(float(weights[place]) * UNIT) for place in order}
    return {name: found[name] for name in sorted(found) if found[name]}


def _platt(raw: Any, target: Any) -> list[float]:
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(np.asarray(raw).reshape(-1, 1), np.asarray(target) > 0.5)
    return [round(float(fitted.coef_[0, 0]), 5), round(float(fitted.intercept_[0]), 5)]


def _platt_of_gain(raw: Any, questions: Sequence[Marked]) -> list[float]:
    """Calibrate to how often the weak model fails, with the slope of where only the strong one succeeds.

    The raw value orders by gain. Questions that both models fail say nothing of that order, but would drown its slope.
    """
    slope, offset = _platt(raw, [question.gain > 0 for question in questions])
    slope = max(slope, 0.01)
    wanted = float(np.mean([1 - question.weak for question in questions]))
    low, high = offset - 10, offset + 10
    for _ in range(60):
        offset = (low + high) / 2
        mean = float(np.mean(1 / (1 + np.exp(-(slope * np.asarray(raw) + offset)))))
        low, high = (offset, high) if mean < wanted else (low, offset)
    return [round(slope, 5), round(offset, 5)]


def _soft(matrix: Any, target: Any, weight: Any, strength: float) -> LogisticRegression:
    """Fit a logistic regression to targets between 0 and 1: each row counts for both classes, by its target."""
    both = sparse.vstack([matrix, matrix]).tocsr()
    classes = np.r_[np.ones(matrix.shape[0]), np.zeros(matrix.shape[0])]
    weights = np.r_[weight * target, weight * (1 - target)]
    used = weights > 0
    return LogisticRegression(C=strength, max_iter=3000).fit(both[used], classes[used], sample_weight=weights[used])


def train_business(given: TrainingSet) -> dict[str, Any]:
    """Train the head for business queries; it is calibrated on measured queries that it has not seen."""
    examples = [*given.measured, *given.extra, *(dataset.as_example(task) for task in given.mt_bench)]
    matrix, names = _matrix([dict(features(read(example.text))) for example in examples])
    target = np.array([example.target for example in examples])
    weight = np.array([example.weight for example in examples])
    count = len(given.measured)
    raw = np.zeros(count)
    for seen, unseen in KFold(5, shuffle=True, random_state=SEED).split(np.arange(count)):
        rows = np.r_[seen, np.arange(count, len(examples))]
        raw[unseen] = _soft(matrix[rows], target[rows], weight[rows], 5.0).decision_function(matrix[unseen])
    fitted = _soft(matrix, target, weight, 5.0)
    return {
        "calibration": _platt(raw, target[:count]),
        "bias": round(float(fitted.intercept_[0]), 5),
        "weights": _thousandths(names, fitted.coef_[0], BUSINESS_FEATURES),
    }


def train_gate(given: TrainingSet) -> dict[str, Any]:
    """Train the gate that tells word problems from all else."""
    others = [*given.measured, *given.extra, *(dataset.as_example(task) for task in given.mt_bench)]
    texts = [*(problem.text for problem in given.gsm8k), *(example.text for example in others)]
    rows = []
    for text in texts:
        words = exam.gate_features(read(text))
        rows.append(dict.fromkeys(words, 1 / np.sqrt(len(words) + 1)))
    matrix, names = _matrix(rows)
    is_problem = np.arange(len(texts)) < len(given.gsm8k)
    fitted = LogisticRegression(C=100, max_iter=3000).fit(matrix, is_problem)
    return {
        "bias": round(float(fitted.intercept_[0]), 5),
        "weights": _thousandths(names, fitted.coef_[0], GATE_WORDS),
    }


class _GramSpace:
    """TF-IDF over runs of letters that occur in enough texts."""

    def __init__(self, texts: Sequence[str], least: int) -> None:
        counts = [exam.grams(text) for text in texts]
        documents = Counter(gram for found in counts for gram in found)
        self.documents = {gram: count for gram, count in sorted(documents.items()) if count >= least}
        self.total = len(texts)
        self.place = {gram: place for place, gram in enumerate(self.documents)}
        self.matrix = self._weigh(counts)

    def _weigh(self, counts: list[Counter[str]]) -> Any:
        places, columns, values = [], [], []
        for place, found in enumerate(counts):
            for gram, value in sorted(exam.weigh_grams(found, self.documents, self.total).items()):
                places.append(place)
                columns.append(self.place[gram])
                values.append(value)
        return sparse.csr_matrix((values, (places, columns)), shape=(len(counts), len(self.place)))

    def as_json(self, weights: Any) -> dict[str, Any]:
        """Return the runs with their document counts and weights."""
        runs = {
            gram: [count, round(float(weights[place]) * UNIT)]
            for place, (gram, count) in enumerate(self.documents.items())
        }
        return {"total": self.total, "runs": runs}


def train_choice(questions: Sequence[Marked]) -> dict[str, Any]:
    """Train the head for multiple choice: ordered by gain, calibrated to how often the weak model fails."""
    texts = [question.text for question in questions]
    gain = np.array([question.gain for question in questions])
    fails = np.array([1 - question.weak for question in questions])
    space = _GramSpace(texts, CHOICE_DOCUMENTS)
    folds = KFold(5, shuffle=True, random_state=SEED)
    ridge = Ridge(alpha=20).fit(space.matrix, gain)
    # The trees must see letter scores as they will be for questions that the ridge has not been fitted to.
    unseen = cross_val_predict(Ridge(alpha=20), space.matrix, gain, cv=folds)
    rows = np.c_[np.array([exam.structure(text) for text in texts]), unseen - ridge.intercept_]
    boosted = _boosted()
    raw = cross_val_predict(boosted, rows, gain, cv=folds)
    boosted.fit(rows, gain)
    return {
        "calibration": _platt(raw, fails),
        "base": round(float(boosted.init_.constant_[0][0]), 5),
        "trees": [_tree(estimator.tree_, boosted.learning_rate) for (estimator,) in boosted.estimators_],
        "grams": space.as_json(ridge.coef_),
    }


def _boosted() -> GradientBoostingRegressor:
    return GradientBoostingRegressor(
        n_estimators=150,
        learning_rate=0.03,
        max_leaf_nodes=8,
        min_samples_leaf=40,
        subsample=0.7,
        max_features=0.4,
        random_state=SEED,
    )


def _tree(tree: Any, rate: float) -> list[list[Any]]:
    features_ = [int(place) if place >= 0 else -1 for place in tree.feature]
    return [
        features_,
        [round(float(value), 5) if place >= 0 else 0 for value, place in zip(tree.threshold, features_, strict=True)],
        [int(child) for child in tree.children_left],
        [int(child) for child in tree.children_right],
        [round(float(value) * rate, 6) for value in tree.value[:, 0, 0]],
    ]


def train_word_problem(problems: Sequence[Marked]) -> dict[str, Any]:
    """Train the head for word problems: one linear model over letters and structure."""
    texts = [problem.text for problem in problems]
    gain = np.array([problem.gain for problem in problems])
    space = _GramSpace(texts, WORD_DOCUMENTS)
    built = np.array([exam.problem_structure(text) for text in texts])
    mean, spread = built.mean(0), np.where(built.std(0) > 0, built.std(0), 1)
    matrix = sparse.csr_matrix(sparse.hstack([space.matrix, STRUCTURE_SHARE * (built - mean) / spread]))
    # The slope of the calibration rests on few problems: the mean of three cross-validations is steadier.
    folds = [KFold(5, shuffle=True, random_state=seed) for seed in range(3)]
    raw = np.mean([cross_val_predict(Ridge(alpha=4), matrix, gain, cv=fold) for fold in folds], axis=0)
    fitted = Ridge(alpha=4).fit(matrix, gain)
    by_letters, by_structure = np.split(fitted.coef_, [len(space.place)])
    weights = STRUCTURE_SHARE * by_structure / spread
    return {
        "calibration": _platt_of_gain(raw, problems),
        "bias": round(float(fitted.intercept_ - (weights * mean).sum()), 6),
        "structure": [round(float(weight), 9) for weight in weights],
        "grams": space.as_json(by_letters),
    }


def write(weights: dict[str, Any]) -> int:
    """Write the weights file and return its size in bytes."""
    # A line per head keeps differences readable.
    lines = [
        f"{json.dumps(name)}:{json.dumps(head, ensure_ascii=False, separators=(',', ':'), sort_keys=True)}"
        for name, head in weights.items()
    ]
    WEIGHTS.write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")
    return WEIGHTS.stat().st_size


def main() -> None:
    """Train on everything and write the file."""
    size = write(train(everything()))
    sys.stdout.write(f"{WEIGHTS.name}: {size} bytes\n")


if __name__ == "__main__":
    main()
