"""The labelled data in `data/`, as plain rows."""

import csv
import gzip
import io
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).with_name("data")
GOOD_GAIN = 4.0
"""On MT-Bench's scale of 1 to 10: this much better makes the weak model's answer not good enough."""


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled query; `target` is 1 when a small model's answer would not be good enough (0 to 1 for MT-Bench)."""

    text: str
    target: float
    group: str
    language: str = "en"
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Marked:
    """A benchmark question with the marks of a weak and of a strong model."""

    text: str
    domain: str
    weak: float
    strong: float

    @property
    def gain(self) -> float:
        """Return how much better the strong model did."""
        return self.strong - self.weak


def rows_of(name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file of the data folder, also of a compressed one."""
    raw = (DATA / name).read_bytes()
    text = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def business() -> list[Example]:
    """Return the business queries on which figures are measured."""
    return [
        Example(row["query"], float(row["label"] == "complex"), row["industry"], row["language"])
        for row in rows_of("business_train.csv")
    ]


def only_for_training() -> list[Example]:
    """Return the queries that are trained on and never measured on."""
    more = [
        Example(row["query"], float(row["label"] == "complex"), "more", row["language"])
        for row in rows_of("business_more.csv")
    ]
    tasks = [
        Example(row["query"], float(row["label"] == "complex"), "open", weight=0.5) for row in rows_of("open_tasks.csv")
    ]
    return more + tasks


def benchmark(name: str) -> list[Marked]:
    """Return the questions of `mmlu`, `gsm8k` or `mt_bench`."""
    file = f"{name}.csv.gz" if name == "mmlu" else f"{name}.csv"
    return [Marked(row["question"], row["domain"], float(row["weak"]), float(row["strong"])) for row in rows_of(file)]


def as_example(task: Marked) -> Example:
    """Return an open task as an example for the business head, with a soft label."""
    return Example(task.text, min(1.0, max(0.0, task.gain / GOOD_GAIN)), "mt_bench", weight=0.5)
