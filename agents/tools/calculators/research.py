"""Summaries of numbers and texts that somebody gave."""

from __future__ import annotations

import re
from collections import Counter
from statistics import fmean, median, quantiles, stdev
from typing import Annotated

from pydantic import Field

from agents.tools.base import ToolContext, ToolResult
from agents.tools.registry import tool

Number = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
_SENTENCE = re.compile(r"[^.!?\n]{1,2000}[.!?]?")
_WORD = re.compile(r"[^\W\d_]{4,}")


@tool(permission=None, source="Research")
def describe_numbers(
    context: ToolContext, *, values: Annotated[list[Number], Field(min_length=2, max_length=10_000)]
) -> ToolResult:
    """Describe a list of numbers: count, mean, median, quartiles, deviation, extremes and outliers (Tukey's fences)."""
    low, middle, high = quantiles(values, n=4, method="inclusive")
    fence = 1.5 * (high - low)
    outliers = sorted(each for each in values if each < low - fence or each > high + fence)
    data = {
        "count": len(values),
        "mean": fmean(values),
        "median": median(values),
        "quartiles": [low, middle, high],
        "deviation": stdev(values),
        "least": min(values),
        "most": max(values),
        "outliers": outliers,
    }
    shown = ", ".join(f"{each:g}" for each in outliers[:20]) or "none"
    return ToolResult(
        f"{len(values)} values from {min(values):g} to {max(values):g}; mean {data['mean']:.4g}, "
        f"median {data['median']:g}, middle half {low:g} to {high:g}, deviation {data['deviation']:.4g}. "
        f"Outliers: {shown}.",
        data=data,
    )


@tool(permission=None, source="Research")
def key_sentences(
    context: ToolContext,
    *,
    text: Annotated[str, Field(min_length=100, max_length=100_000)],
    count: Annotated[int, Field(ge=1, le=15)] = 5,
) -> ToolResult:
    """Pick the sentences that carry most of a text's frequent words, in order (Luhn 1958). Quotes, adds nothing."""
    sentences = [each.strip() for each in _SENTENCE.findall(text) if len(each.strip()) > 20]
    if not sentences:
        return ToolResult.failure("There is no whole sentence in this text.")
    frequent = Counter(word.casefold() for word in _WORD.findall(text))
    weights = [
        sum(frequent[word] for word in {w.casefold() for w in _WORD.findall(each)}) / (len(each.split()) + 8)
        for each in sentences
    ]
    best = sorted(sorted(range(len(sentences)), key=lambda index: -weights[index])[:count])
    return ToolResult(
        "\n".join(f"“{sentences[index]}”" for index in best), data={"sentences": [sentences[index] for index in best]}
    )
