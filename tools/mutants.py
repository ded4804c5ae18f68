"""Change one module in many small ways, and count the changes that its tests notice.

    python tools/mutants.py ci_stat/failures/fingerprint.py tests/failures/test_fingerprint.py

Each mutant differs from the module in one place: a comparison, a number, a text, `and` or `or`, an
arithmetic operator, `not`, or a returned value. The mutants depend on the module only, so that two
runs compare two test suites. The tests run in a copy of the checkout.
"""

import argparse
import ast
import os
import resource
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pandas as pd
import pytest
import sqlalchemy

ROOT = Path(__file__).parents[1]
NOT_COPIED = (".git", ".venv", "__pycache__", "build", "dist", ".*_cache", ".hypothesis")
LONGEST = 60  # characters of a line in the table
WARM = (hypothesis, pd, sqlalchemy)  # slow to import, and nothing that is changed

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    line: int
    change: str
    source: str  # of the whole module


def replacement(node: ast.AST) -> ast.AST | None:
    """The node that takes the place of `node`; None if `node` stays as it is."""
    match node:
        case ast.Compare(left, [operator, *more], others) if type(operator) in COMPARISONS:
            return ast.Compare(left, [COMPARISONS[type(operator)](), *more], others)
        case ast.BoolOp(operator, values):
            other = ast.Or() if isinstance(operator, ast.And) else ast.And()
            return ast.BoolOp(other, values)
        case ast.BinOp(left, operator, right) if type(operator) in ARITHMETIC:
            return ast.BinOp(left, ARITHMETIC[type(operator)](), right)
        case ast.UnaryOp(ast.Not(), operand):
            return operand
        case ast.Constant(bool() as value):
            return ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            return ast.Constant(value + 1)
        case ast.Constant(str() as value) if value:
            return ast.Constant(f"{value}~")
        case ast.Return(ast.expr() as value) if not isinstance(value, ast.Constant):
            return ast.Return(ast.Constant(None))
    return None


def places(node: ast.AST) -> Iterator[tuple[Any, int | str, ast.AST]]:
    """What holds a node, its place in there, and the node; for all below `node` that is run."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        children = enumerate(value) if isinstance(value, list) else [(name, value)]
        for place, child in children:
            is_docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            if isinstance(child, ast.AST) and not is_docstring:
                yield value if isinstance(value, list) else vars(node), place, child
                yield from places(child)


def mutants(source: str) -> Iterator[Mutant]:
    tree = ast.parse(source)
    for holder, place, node in list(places(tree)):
        changed = replacement(node)
        if changed is None:
            continue
        holder[place] = ast.fix_missing_locations(ast.copy_location(changed, node))
        change = f"{ast.unparse(node)} -> {ast.unparse(changed)}".replace("\n", " ")
        yield Mutant(getattr(node, "lineno", 0), change, ast.unparse(tree))
        holder[place] = node


def killed_by(copy: Path, tests: list[str], seconds: int) -> str:
    """How the tests, run in a warm fork, notice: "failed" or "too slow"; "" if they pass."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        os._exit(run_tests(copy, tests))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "too slow"
    return "failed" if status else ""


def run_tests(copy: Path, tests: list[str]) -> int:
    os.chdir(copy)
    sys.path.insert(0, str(copy))
    sys.dont_write_bytecode = False
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    # Plugins that are imported already cannot be rewritten.
    warm = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *warm, *tests]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("module", type=Path, help="relative to the checkout")
    parser.add_argument("tests", nargs="+", help="what pytest runs")
    parser.add_argument("--every", type=int, default=1, help="only each n-th mutant")
    parser.add_argument("--timeout", type=int, default=120, help="seconds of CPU for the tests")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / ROOT.name
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
        if killed_by(copy, given.tests, given.timeout):
            raise SystemExit("The tests fail without any change.")
        tally = Counter[str]()
        all_mutants = list(mutants((copy / given.module).read_text()))
        for number, mutant in enumerate(all_mutants[:: given.every]):
            (copy / given.module).write_text(mutant.source)
            # Python takes bytecode for current if time and size are those of the source.
            os.utime(copy / given.module, (number, number))
            verdict = killed_by(copy, given.tests, given.timeout) or "SURVIVED"
            tally[verdict] += 1
            print(f"{mutant.line:5}  {verdict:9} {mutant.change[:LONGEST]}", flush=True)
    survived = tally["SURVIVED"]
    print(f"{given.module}: {tally.total()} mutants, {tally.total() - survived} killed")


if __name__ == "__main__":
    main()
