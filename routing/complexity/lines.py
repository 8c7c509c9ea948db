"""Score JSON lines: one object in, one object out, in order, as they come."""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from . import UnknownIndustry, score


class BadLine(ValueError):
    """A line that cannot be scored; the message says why."""


def score_lines(lines: Iterable[bytes]) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield for each line its answer and whether it is a score; a bad line yields `{"error", "line"}` in its place."""
    for number, line in enumerate(lines, start=1):
        try:
            yield _score_line(line), True
        except (BadLine, UnknownIndustry) as error:
            yield {"error": str(error), "line": number}, False


def _score_line(line: bytes) -> dict[str, Any]:
    text, industry = _read_line(line)
    complexity = score(text, industry)
    return {"score": complexity.score, "tier": complexity.tier, "reasons": complexity.reasons}


def _read_line(line: bytes) -> tuple[str, str]:
    try:
        given = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadLine(f"The line is not UTF-8: byte {error.start + 1} is wrong.") from None
    except (ValueError, RecursionError) as error:
        reason = "it is empty" if not line.strip() else str(error)
        raise BadLine(f"The line is not JSON: {reason}.") from None
    if not isinstance(given, dict):
        raise BadLine('The line must be a JSON object such as {"text": "Hello", "industry": "general"}.')
    text, industry = given.get("text"), given.get("industry")
    if not isinstance(text, str):
        raise BadLine('"text" is missing.' if text is None else '"text" must be a string.')
    if industry is not None and not isinstance(industry, str):
        raise BadLine('"industry" must be a string.')
    return text, industry if industry is not None else "general"


def as_bytes(answer: dict[str, Any]) -> bytes:
    """Return an answer as a line of UTF-8 JSON; what UTF-8 cannot say stays escaped."""
    text = json.dumps(answer, ensure_ascii=False)
    return text.encode("utf-8", errors="backslashreplace") + b"\n"


def answer_standard_input() -> bool:
    """Answer each line of standard input as it comes; return whether all lines could be scored."""
    all_scored = True
    try:
        for answer, is_score in score_lines(sys.stdin.buffer):
            all_scored = all_scored and is_score
            sys.stdout.buffer.write(as_bytes(answer))
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader has left, as `head` does; without this Python would complain once more on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return all_scored


def main() -> None:
    """Answer standard input; exit with 1 when a line was bad."""
    parser = argparse.ArgumentParser(
        prog="score_complexity",
        description='Score queries: JSON lines {"text": …, "industry": …} in, {"score", "tier", "reasons"} out.',
    )
    parser.parse_args()
    if not answer_standard_input():
        sys.exit(1)
