"""Builds the command that runs one test by itself, from its name, place and kind of report."""

import re
import shlex
from collections.abc import Iterator

from ci_stat.escape import visible
from ci_stat.records import CaseFailure

_SAFE = re.compile(r"[\w./:@=,+-]+")
_FOLDER = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)*")
_GO_PLACE = re.compile(r"(\S{1,500}\.go):")
_GOCHECK = re.compile(r"(\w+)\.(\w+)")
_FIXTURE = re.compile(r"(?:SetUp|TearDown)(?:Suite|Test)")
_RUST_PATH = re.compile(r"\w+(?:::\w+)+")
_FIELD = re.compile(r"\{(case|test|suite|file|package)\}")
_LONGEST = 500  # characters of a command

Command = tuple[str, str]  # the command, and the directory to run it in, if that must be said


def command(name: str, failure: CaseFailure, repo: str, template: str = "") -> Command:
    """Return the command that runs a test, and where; ("", "") if unknown.

    `template`: from the settings; the built-in commands are used where it does not apply.
    """
    if visible(name) != name:
        return "", ""

    file = failure.file or _go_file(failure.name)
    folder = _folder(file, repo)
    by_template = _filled(template, name, failure, file, folder)
    if by_template:
        line, where = by_template, ""
    else:
        line, where = next(_built_in(name, failure, file, folder), ("", ""))
    return (line, where) if len(line) <= _LONGEST else ("", "")


def _go_file(name: str) -> str:
    place = _GO_PLACE.search(name)
    return place[1] if place else ""


def _folder(file: str, repo: str) -> str:
    """The file's folder in the repository; "" if unknown."""
    if file.startswith("/"):
        _, checkout, file = file.rpartition(f"/{repo.rpartition('/')[2]}/")
        if not checkout:
            return ""
    folder = file.removeprefix("./").rpartition("/")[0]
    return folder if _FOLDER.fullmatch(folder) else ""


def _filled(template: str, name: str, failure: CaseFailure, file: str, folder: str) -> str:
    """Fill in the template; "" unless all its values are known and safe in any shell quoting."""
    suite, dot, test = name.rpartition(".")
    values = {
        "case": name,
        "test": test if dot else name,
        "suite": failure.suite or suite,
        "file": file,
        "package": folder,
    }
    if not all(_SAFE.fullmatch(values[field]) for field in _FIELD.findall(template)):
        return ""
    return _FIELD.sub(lambda field: values[field[1]], template)


def _built_in(name: str, failure: CaseFailure, file: str, folder: str) -> Iterator[Command]:
    rule = failure.rule
    quoted = shlex.quote(name)
    if name.startswith("//"):
        yield f"bazel test {quoted}", ""
    elif file.endswith(".go") or rule.startswith("go"):
        yield from _go(name, failure, file, folder)
    elif ".py::" in name:
        yield f"pytest {quoted}", ""
    elif rule.startswith("pytest") and file.endswith(".py"):
        yield f"pytest {shlex.quote(f'{file}::{name}')}", ""
    elif rule.startswith("pytest"):
        yield f"pytest -k {quoted}", ""
    elif _is_rust(name, failure):
        yield f"cargo test {quoted}", ""


def _is_rust(name: str, failure: CaseFailure) -> bool:
    if failure.rule.startswith(("cargo", "nextest")):
        return True
    return failure.source == "log" and _RUST_PATH.fullmatch(name) is not None


def _go(name: str, failure: CaseFailure, file: str, folder: str) -> Iterator[Command]:
    if not folder and failure.rule == "gotestsum-fail" and _FOLDER.fullmatch(failure.suite):
        folder = failure.suite
    package = f"./{folder}" if folder else "."
    where = "" if folder else file.rpartition("/")[2] or "its package"

    gocheck = _GOCHECK.fullmatch(name)
    if gocheck:
        suite, test = gocheck.groups()
        # A fixture cannot be run alone: it runs before or after the tests of its suite.
        selected = "" if _FIXTURE.fullmatch(test) else f"{test}$"
        pattern = shlex.quote(rf"^{suite}\.{selected}")
        yield f"go test {package} -check.f {pattern}", where
    elif re.fullmatch(r"\w+", name):
        yield f"go test {package} -run {shlex.quote(f'^{name}$')} -count=1", where
