"""Figures of Python source, from its syntax tree; the code is never run."""

from __future__ import annotations

import ast
from dataclasses import asdict, dataclass
from typing import Annotated

from pydantic import Field

from agents.tools.base import ToolContext, ToolResult
from agents.tools.registry import tool

_BRANCHES = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.IfExp,
    ast.Assert,
    ast.comprehension,
    ast.match_case,
)
_BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.With, ast.AsyncWith, ast.Match)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class FunctionMetrics:
    name: str
    line: int
    lines: int
    complexity: int
    depth: int
    arguments: int


@tool(permission=None, source="Technology")
def code_metrics(
    context: ToolContext, *, source: Annotated[str, Field(min_length=1, max_length=60_000, description="Python source")]
) -> ToolResult:
    """Measure Python source: length, cyclomatic complexity (McCabe), nesting, arguments of each function, risky spots.

    Reads the syntax tree only. It finds no wrong logic: read the code for that.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = f" at line {line}" if line else ""
        return ToolResult.failure(
            f"This is not valid Python{where}: {getattr(error, 'msg', None) or type(error).__name__}."
        )
    functions = [_measure(node) for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)]
    functions.sort(key=lambda each: (-each.complexity, each.line))
    spots = sorted(_spots(tree))
    lines = [f"{len(source.splitlines())} lines, {len(functions)} functions."]
    lines += [
        f"- {each.name} (line {each.line}): complexity {each.complexity}, {each.lines} lines, "
        f"nested {each.depth} deep, {each.arguments} arguments"
        for each in functions[:15]
    ]
    lines += [f"- line {line}: {words}" for line, words in spots[:20]]
    return ToolResult("\n".join(lines), data={"functions": [asdict(each) for each in functions], "spots": spots})


def _measure(node: Function) -> FunctionMetrics:
    given = node.args
    return FunctionMetrics(
        name=node.name,
        line=node.lineno,
        lines=(node.end_lineno or node.lineno) - node.lineno + 1,
        complexity=_complexity(node),
        depth=_depth(node),
        arguments=len(given.posonlyargs) + len(given.args) + len(given.kwonlyargs),
    )


def _complexity(node: Function) -> int:
    found = 1
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        each = waiting.pop()
        if isinstance(each, _FUNCTIONS):
            continue
        found += isinstance(each, _BRANCHES)
        found += len(each.values) - 1 if isinstance(each, ast.BoolOp) else 0
        waiting.extend(ast.iter_child_nodes(each))
    return found


def _depth(node: ast.AST) -> int:
    deepest, waiting = 0, [(node, 0)]
    while waiting:
        each, depth = waiting.pop()
        deepest = max(deepest, depth)
        for child in ast.iter_child_nodes(each):
            if not isinstance(child, _FUNCTIONS):
                waiting.append((child, depth + isinstance(child, _BLOCKS)))
    return deepest


def _spots(tree: ast.AST) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            found.append((node.lineno, "bare except catches everything, also an interrupt"))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}:
            found.append((node.lineno, f"{node.func.id} runs text as code"))
        if isinstance(node, _FUNCTIONS):
            for default in [*node.args.defaults, *node.args.kw_defaults]:
                if isinstance(default, ast.List | ast.Dict | ast.Set):
                    found.append((default.lineno, f"mutable default argument of {node.name} is shared between calls"))
        if isinstance(node, ast.Compare) and any(
            isinstance(op, ast.Eq | ast.NotEq) and isinstance(side, ast.Constant) and side.value is None
            for op, side in zip(node.ops, node.comparators, strict=True)
        ):
            found.append((node.lineno, "compares with None by == instead of is"))
    return found
