"""`manage.py score_complexity` on real pipes."""

import json
import subprocess
import sys
from typing import Any

import pytest

COMMAND = [sys.executable, "manage.py", "score_complexity"]


def run(given: bytes) -> tuple[list[dict[str, Any]], int]:
    """Run the command; return its lines and its exit code."""
    done = subprocess.run(COMMAND, input=given, capture_output=True, check=False)
    assert done.stderr == b""
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode


@pytest.mark.promise("RTE-1")
def test_it_answers_line_by_line_in_order() -> None:
    lines = b'{"text": "Hi"}\n{"text": "Compare both offers and recommend one", "industry": "finance"}\n'
    answers, code = run(lines)
    assert [answer["tier"] for answer in answers] == ["small", "large"]
    assert set(answers[0]) == {"score", "tier", "reasons"}
    assert code == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"nope", "not JSON"),
        (b"", "empty"),
        (b"[1]", "must be a JSON object"),
        (b'"Hi"', "must be a JSON object"),
        (b"{}", '"text" is missing'),
        (b'{"text": null}', '"text" is missing'),
        (b'{"text": 5}', '"text" must be a string'),
        (b'{"text": "Hi", "industry": 5}', '"industry" must be a string'),
        (b'{"text": "Hi", "industry": "piracy"}', "Unknown industry 'piracy'"),
        (b'{"text": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_bad_line_gets_an_error_in_its_place_and_the_others_are_answered(line: bytes, words: str) -> None:
    answers, code = run(b'{"text": "Hi"}\n' + line + b'\n{"text": "Hi"}\n')
    assert [set(answer) for answer in answers] == [
        {"score", "tier", "reasons"},
        {"error", "line"},
        {"score", "tier", "reasons"},
    ]
    assert words in answers[1]["error"]
    assert answers[1]["line"] == 2
    assert code == 1


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000", "\\u2028", "\u6f22\u5b57 \U0001f389"])
def test_odd_characters_come_through(text: str) -> None:
    answers, code = run(f'{{"text": "{text}"}}\n'.encode())
    assert (len(answers), code) == (1, 0)


def test_nothing_in_gives_nothing_out() -> None:
    assert run(b"") == ([], 0)


def test_a_last_line_without_an_end_is_answered() -> None:
    assert len(run(b'{"text": "Hi"}')[0]) == 1


def test_a_line_is_answered_before_the_next_one_is_given() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(2):
            process.stdin.write(b'{"text": "Hi"}\n')
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["tier"] == "small"
        process.stdin.close()
        assert process.wait() == 0


def test_a_reader_that_leaves_early_causes_no_complaint() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b'{"text": "Hi"}\n')
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(b'{"text": "Hi"}\n')
        process.stdin.close()
        assert process.stderr.read() == b""
