"""Programs that play a runner of tests: strict about their arguments, cheap to start."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.support.command import Answer, Call

_HEAD = f"""#!{sys.executable} -SE
import os, pathlib, sys
words = sys.argv[1:]
def log():
    with open("calls.txt", "a") as file:
        file.write(repr(words) + "\\n")
log()
"""


def program(folder: Path, name: str, body: str) -> str:
    """Write an executable Python program. `words` are its arguments; each call is logged."""
    path = folder / name
    path.write_text(_HEAD + body)
    path.chmod(0o755)
    return str(path)


def shell(folder: Path, name: str, body: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def calls(folder: Path) -> list[list[str]]:
    """The arguments of each call of a program."""
    lines = (folder / "calls.txt").read_text().splitlines()
    return [eval(line) for line in lines]


def junit(*cases: str, suite: str = "s") -> str:
    """A result file. A case is a name, with `!` in front if it fails and `~` if it is skipped."""
    elements = []
    for case in cases:
        inner = {"!": '<failure message="m"/>', "~": "<skipped/>"}.get(case[0], "")
        elements.append(f'<testcase classname="C" name="{case.lstrip("!~")}">{inner}</testcase>')
    return f'<testsuite name="{suite}">{"".join(elements)}</testsuite>'


def run_tests(call: Call, *arguments: str) -> tuple[Answer, dict[str, Any]]:
    """Run `ci-stat tests run`, and return the answer and the content of out.json."""
    options = ("--output", "out.json", "--junit", "out.xml")
    answer = call("tests", "run", *options, *arguments)
    output = Path("out.json")
    return answer, json.loads(output.read_text()) if output.exists() else {}


def outcomes(data: dict[str, Any]) -> dict[str, list[str]]:
    """The outcomes of all attempts by the name of the test."""
    return {
        test["name"] + test.get("parameters", ""): [one["outcome"] for one in test["attempts"]]
        for test in data["tests"]
    }
