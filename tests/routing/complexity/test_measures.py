"""The measures of a router, by hand-made tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.complexity.dataset import Marked, benchmark
from routing.complexity.exam import is_choice_question, problem_structure, structure
from routing.complexity.measures import calibration_error, rank
from routing.complexity.model import load
from routing.complexity.reading import read

FOUR = [Marked(str(gain), "x", 0.0, float(gain)) for gain in (1, 1, 0, 0)]


@pytest.mark.parametrize(
    ("scores", "apgr", "cpt50", "cpt80"),
    [
        ([4, 3, 2, 1], 0.75, 0.25, 0.5),
        ([1, 2, 3, 4], 0.25, 0.75, 1.0),
        ([1, 1, 1, 1], 0.5, 0.5, 1.0),
        ([2, 1, 2, 1], 0.5, 0.5, 1.0),
    ],
)
def test_ranking_measures_follow_their_definition(scores: list[float], apgr: float, cpt50: float, cpt80: float) -> None:
    found = rank(scores, FOUR)
    assert (found.apgr, found.cpt50, found.cpt80) == pytest.approx((apgr, cpt50, cpt80))


def test_a_question_on_which_the_strong_model_is_worse_counts_against_it() -> None:
    questions = [Marked("a", "x", 0, 1), Marked("b", "x", 0, 1), Marked("c", "x", 1, 0)]
    assert rank([3, 2, 1], questions).apgr > 1 > rank([1, 2, 3], questions).apgr


def test_calibration_error_is_the_mean_distance_of_claim_and_frequency() -> None:
    assert calibration_error([0.25, 0.25, 0.25, 0.25], [1, 0, 0, 0]) == pytest.approx(0)
    assert calibration_error([0.9, 0.9], [0, 1]) == pytest.approx(0.4)


@given(st.text())
def test_the_structure_of_any_text_has_the_same_number_of_measures(text: str) -> None:
    assert len(structure(text)) == len(structure(""))
    assert len(problem_structure(text)) == len(load().word_problem.structure)


def test_benchmark_questions_find_their_heads() -> None:
    model = load()
    assert all(is_choice_question(question.text) for question in benchmark("mmlu")[:300] if len(question.text) < 2_500)
    problems = benchmark("gsm8k")
    assert sum(model.is_word_problem(read(problem.text)) for problem in problems) > 0.9 * len(problems)
