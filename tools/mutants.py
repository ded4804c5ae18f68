"""Change one module in many small ways, and count the changes that its tests notice.

    python tools/mutants.py ci_stat/failures/fingerprint.py tests/failures/test_fingerprint.py

Each mutant differs from the module in one place: a comparison, a number, a text, `and` or `or`, an
arithmetic operator, `not`, or a returned value. The mutants depend on the module only, so that two
runs compare two test suites. The tests run in a copy of the checkout. A mutant is killed when the
tests fail or do not end in time.
"""

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOT_COPIED = (".git", ".venv", "__pycache__", "build", "dist", ".*_cache", ".hypothesis")
LONGEST = 60  # characters of a line in the table

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip


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


def places(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Parent, field, index in the field and node, of all below `node` that is run."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        children = value if isinstance(value, list) else [value]
        for index, child in enumerate(children):
            is_docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            if not isinstance(child, ast.AST) or is_docstring:
                continue
            yield node, name, index if isinstance(value, list) else None, child
            yield from places(child)


def put(parent: ast.AST, name: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[index] = node


def mutants(source: str) -> Iterator[Mutant]:
    tree = ast.parse(source)
    for parent, name, index, node in list(places(tree)):
        changed = replacement(node)
        if changed is None:
            continue
        put(parent, name, index, ast.fix_missing_locations(ast.copy_location(changed, node)))
        change = f"{ast.unparse(node)} -> {ast.unparse(changed)}".replace("\n", " ")
        yield Mutant(getattr(node, "lineno", 0), change, ast.unparse(tree))
        put(parent, name, index, node)


def killed_by(copy: Path, tests: list[str], seconds: float) -> str:
    """How the tests notice: "failed" or "too slow"; "" if they pass. Raises SystemExit without tests."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environ = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
    try:
        run = subprocess.run(  # noqa: S603 - pytest, with the tests that the caller names
            command, cwd=copy, env=environ, timeout=seconds, capture_output=True
        )
    except subprocess.TimeoutExpired:
        return "too slow"
    if run.returncode not in (0, 1, 2, 3, 4):
        raise SystemExit(f"pytest ended with {run.returncode}:\n{run.stdout.decode()}")
    return "failed" if run.returncode else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("module", type=Path, help="relative to the checkout")
    parser.add_argument("tests", nargs="+", help="what pytest runs")
    parser.add_argument("--every", type=int, default=1, help="only each n-th mutant")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for the tests")
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
