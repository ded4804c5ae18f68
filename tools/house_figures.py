"""Measure the shape of the code: one table a room, then figures over all of them.

Run from the top of a checkout: `python tools/house_figures.py [FOLDER]`. Counts come from `ast`,
so formatting changes lines but not statements.
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef

DECISIONS = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.Assert,
    ast.match_case,
)
IMPORTS = (ast.Import, ast.ImportFrom)
WIDTH = 100
VAGUE = {"each", "found"}


def main(arguments: list[str]) -> int:
    """Print the figures of the package in the given folder (`ci_stat` by default)."""
    folder = Path(arguments[0] if arguments else "ci_stat")
    trees = {path: ast.parse(path.read_text()) for path in sorted(folder.rglob("*.py"))}
    print_rooms(folder, trees)
    print_figures(trees)
    return 0


def print_rooms(folder: Path, trees: dict[Path, ast.Module]) -> None:
    modules: dict[str, int] = defaultdict(int)
    lines: dict[str, int] = defaultdict(int)
    for path in trees:
        room = path.relative_to(folder).parent.as_posix()
        modules[room] += 1
        lines[room] += line_count(path)
    print(f"{'room':28} modules  lines")
    for room in sorted(modules):
        print(f"{room:28} {modules[room]:7} {lines[room]:6}")


def print_figures(trees: dict[Path, ast.Module]) -> None:
    functions = [function for tree in trees.values() for function in functions_of(tree)]
    function_lines = [length(function) for function in functions]
    module_lines = [line_count(path) for path in trees]
    decisions = sum(decision_count(tree) for tree in outer_functions(trees.values()))
    outer_lines = sum(length(function) for function in outer_functions(trees.values()))
    texts = [line for path in trees for line in path.read_text().splitlines()]
    wide = sum(len(line) > WIDTH for line in texts)
    inner_imports = sum(inner_import_count(tree) for tree in trees.values())
    vague = sum(vague_count(tree) for tree in trees.values())
    statements = sum(
        isinstance(node, ast.stmt) for tree in trees.values() for node in ast.walk(tree)
    )
    print()
    print(f"modules                          {len(trees)}")
    print(f"lines                            {len(texts)}")
    print(f"statements                       {statements}")
    print(f"functions                        {len(functions)}")
    print(f"function lines                   {spread(function_lines)}")
    print(f"module lines                     {spread(module_lines)}")
    print(f"decisions / 100 function lines   {100 * decisions / outer_lines:.1f}")
    print(f"lines over {WIDTH} characters        {wide} ({100 * wide / len(texts):.1f} %)")
    print(f"imports inside functions         {inner_imports}")
    print(f"variables named each or found    {vague}")


def functions_of(tree: ast.AST) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def outer_functions(trees: Iterable[ast.Module]) -> Iterator[Function]:
    """Yield functions and methods that stand in no other function, so that no line counts twice."""
    pending: list[ast.AST] = list(trees)
    while pending:
        node = pending.pop()
        if isinstance(node, Function):
            yield node
        else:
            pending.extend(ast.iter_child_nodes(node))


def decision_count(function: ast.AST) -> int:
    count = 0
    for node in ast.walk(function):
        if isinstance(node, DECISIONS):
            count += 1
        elif isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
        elif isinstance(node, ast.comprehension):
            count += 1 + len(node.ifs)
    return count


def inner_import_count(tree: ast.Module) -> int:
    return sum(
        isinstance(node, IMPORTS)
        for function in outer_functions([tree])
        for node in ast.walk(function)
    )


def vague_count(tree: ast.Module) -> int:
    return sum(
        isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in VAGUE
        for node in ast.walk(tree)
    )


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def line_count(path: Path) -> int:
    return len(path.read_text().splitlines())


def spread(values: list[int]) -> str:
    ranked = sorted(values)
    p90 = ranked[int(0.9 * (len(ranked) - 1))]
    return f"median {statistics.median(ranked):g}, p90 {p90}, max {ranked[-1]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
