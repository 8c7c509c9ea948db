"""Print how good the complexity score is, by cross-validation: `make eval_routing` (needs `requirements-train.txt`).

Every figure is of questions that the measured model has not been trained on. The whole of training is repeated in each
fold, calibration and gate included.
"""

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import mean

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline

from .dataset import Example, Marked
from .measures import calibration_error, rank
from .model import Model
from .reading import read
from .train import TrainingSet, everything, train_model

BENCHMARKS = ("mmlu", "gsm8k", "mt_bench")


def say(line: str = "") -> None:
    """Write a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Fold:
    """Questions of one benchmark that a model has not seen, with its scores."""

    questions: list[Marked]
    scores: list[float]


def by_folds(given: TrainingSet, seed: int) -> tuple[list[float], dict[str, list[Fold]]]:
    """Return scores for business queries and benchmarks, each from a model that has not seen the question."""
    business = np.zeros(len(given.measured))
    labels = [int(example.target) for example in given.measured]
    business_folds = list(StratifiedKFold(5, shuffle=True, random_state=seed).split(labels, labels))
    places = {name: np.arange(len(getattr(given, name))) for name in BENCHMARKS}
    folds = {name: list(KFold(5, shuffle=True, random_state=seed).split(places[name])) for name in BENCHMARKS}
    found: dict[str, list[Fold]] = {name: [] for name in BENCHMARKS}
    for number in range(5):
        parts = {name: [getattr(given, name)[place] for place in folds[name][number][0]] for name in BENCHMARKS}
        seen, unseen = business_folds[number]
        model = train_model(replace(given, measured=[given.measured[place] for place in seen], **parts))
        business[unseen] = _scores(model, [given.measured[place].text for place in unseen])
        for name in BENCHMARKS:
            questions = [getattr(given, name)[place] for place in folds[name][number][1]]
            found[name].append(Fold(questions, _scores(model, [question.text for question in questions])))
    return list(business), found


def _scores(model: Model, texts: Sequence[str]) -> list[float]:
    return [model.probability(read(text)) for text in texts]


def accuracy(scores: Sequence[float], examples: Sequence[Example]) -> float:
    """Return the share of queries on the right side of one half."""
    return mean(
        float((score >= 0.5) == (example.target > 0.5)) for score, example in zip(scores, examples, strict=True)
    )


def tfidf_accuracy(examples: Sequence[Example], seed: int) -> float:
    """Return the accuracy of TF-IDF of words with logistic regression, by cross-validation."""
    texts = np.array([example.text for example in examples], dtype=object)
    labels = np.array([int(example.target) for example in examples])
    right = np.zeros(len(texts))
    for seen, unseen in StratifiedKFold(5, shuffle=True, random_state=seed).split(labels, labels):
        fitted = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=2000)).fit(texts[seen], labels[seen])
        right[unseen] = fitted.predict(texts[unseen]) == labels[unseen]
    return float(right.mean())


def length_accuracy(examples: Sequence[Example]) -> float:
    """Return the best accuracy of one limit on the length, chosen on the same queries: an upper bound for length."""
    limits = sorted({len(example.text) for example in examples})
    return max(accuracy([float(len(e.text) >= limit) for e in examples], examples) for limit in limits)


def tfidf_folds(questions: Sequence[Marked], seed: int) -> list[Fold]:
    """Return what TF-IDF of words with ridge regression says of the gain, by the same folds."""
    folds = []
    for seen, unseen in KFold(5, shuffle=True, random_state=seed).split(np.arange(len(questions))):
        fitted = make_pipeline(TfidfVectorizer(sublinear_tf=True), Ridge(alpha=3))
        fitted.fit([questions[place].text for place in seen], [questions[place].gain for place in seen])
        part = [questions[place] for place in unseen]
        folds.append(Fold(part, list(fitted.predict([question.text for question in part]))))
    return folds


def leave_out(given: TrainingSet, key: Callable[[Example], str]) -> dict[str, float]:
    """Return the accuracy for each group of business queries when nothing of that group was trained on."""
    found = {}
    for group in sorted({key(example) for example in given.measured}):
        seen = [example for example in given.measured if key(example) != group]
        unseen = [example for example in given.measured if key(example) == group]
        extra = [example for example in given.extra if example.group != "more" or key(example) != group]
        # The other heads do not matter here; few questions make them quick.
        model = train_model(replace(given, measured=seen, extra=extra, mmlu=given.mmlu[:500]))
        found[group] = accuracy(_scores(model, [example.text for example in unseen]), unseen)
    return found


def report_business(given: TrainingSet, runs: Sequence[Sequence[float]]) -> None:
    """Print accuracy and calibration on the business queries."""
    examples = given.measured
    targets = [example.target for example in examples]
    complex_share = sum(targets) / len(targets)
    by_tfidf = mean(tfidf_accuracy(examples, seed) for seed in range(len(runs)))
    say(f"Business queries ({len(examples)}): accuracy of the tier at one half, 5-fold cross-validation")
    say(f"  commoner tier         {max(complex_share, 1 - complex_share):.3f}")
    say(f"  length                {length_accuracy(examples):.3f}  (best limit, chosen on the same queries)")
    say(f"  TF-IDF                {by_tfidf:.3f}")
    say(f"  this score            {mean(accuracy(run, examples) for run in runs):.3f}")
    say(f"  calibration error     {mean(calibration_error(run, targets) for run in runs):.3f}  (ECE, ten bins)")
    for language in sorted({example.language for example in examples}):
        places = [place for place, example in enumerate(examples) if example.language == language]
        part = [examples[place] for place in places]
        share = mean(accuracy([run[place] for place in places], part) for run in runs)
        say(f"  in {language:6} ({len(part):3})       {share:.3f}")


def report_benchmark(name: str, questions: Sequence[Marked], runs: Sequence[Sequence[Fold]]) -> None:
    """Print APGR and CPT of one benchmark beside the baselines.

    A model ranks the fifth that it has not seen, and the fifths are averaged; MT-Bench has too few tasks for that, so
    there the fifths are ranked together.
    """
    say(f"{name} ({len(questions)}): APGR, CPT(50 %), CPT(80 %), 5-fold cross-validation")
    generator = random.Random(1)  # noqa: S311 - a baseline, not a secret
    rows = {
        "random": [Fold(list(questions), [generator.random() for _ in questions]) for _ in range(20)],
        "length": [Fold(list(questions), [float(len(question.text)) for question in questions])],
        "TF-IDF": [fold for seed in range(len(runs)) for fold in _ranked_as(name, tfidf_folds(questions, seed))],
        "this score": [fold for run in runs for fold in _ranked_as(name, run)],
    }
    for label, folds in rows.items():
        ranks = [rank(fold.scores, fold.questions) for fold in folds]
        values = [mean(getattr(one, part) for one in ranks) for part in ("apgr", "cpt50", "cpt80")]
        say(f"  {label:21} {values[0]:.3f}  {values[1]:.3f}  {values[2]:.3f}")
    if name != "mt_bench":
        error = mean(
            calibration_error(fold.scores, [1 - question.weak for question in fold.questions])
            for run in runs
            for fold in _together(run)
        )
        say(f"  calibration error     {error:.3f}  (ECE, ten bins)")


def _ranked_as(name: str, folds: Sequence[Fold]) -> list[Fold]:
    return _together(folds) if name == "mt_bench" else list(folds)


def _together(folds: Sequence[Fold]) -> list[Fold]:
    return [Fold([q for fold in folds for q in fold.questions], [s for fold in folds for s in fold.scores])]


def main() -> None:
    """Print the whole report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2, help="repetitions of the cross-validation")
    parser.add_argument("--quick", action="store_true", help="leave out leave-one-domain-out")
    options = parser.parse_args()
    given = everything()
    runs = [by_folds(given, seed) for seed in range(options.repeats)]
    report_business(given, [business for business, _ in runs])
    say()
    for name in BENCHMARKS:
        report_benchmark(name, getattr(given, name), [marks[name] for _, marks in runs])
        say()
    if not options.quick:
        say("Business accuracy on an industry of which nothing was trained on")
        for group, share in leave_out(given, lambda example: example.group).items():
            say(f"  {group:21} {share:.3f}")
        say("Business accuracy on a language of which nothing was trained on")
        for group, share in leave_out(given, lambda example: example.language).items():
            say(f"  {group:21} {share:.3f}")


if __name__ == "__main__":
    main()
