"""Which results belong to the same test case: one key, however a producer spells the case.

A name is dotted first: `tests/test_a.py::TestX::test_y`, class `tests.test_a.TestX` with name
`test_y`, and `tests.test_a.TestX#test_y` have one spelling. Labels and places of logs are removed
as in `case_names`. Suites whose names say nothing do not count, nor do times in them.
"""

import hashlib
import re
from functools import lru_cache

from ci_stat.failures.case_names import case_key

VERSION = 1
_MODULE = re.compile(r"(?:\./)?([\w./-]*[\w-])\.(?:py|pyi)(?=::|$)")
_SEPARATORS = re.compile(r"::|#(?=\w)")
_SPACE = re.compile(r"\s+")
_MAX_PLACES = 2_000
_SAYS_NOTHING = {"", "pytest", "junit", "tests", "test", "jest tests", "mocha tests", "root suite"}
# A date, a time or a process number in the name of a suite would make each run a new case.
_VARYING = re.compile(r"\d{4}-\d\d-\d\d(?:[T _]\d\d[:.-]?\d\d(?:[:.-]?\d\d)?)?|\d{6,}")


def identity_key(
    suite: str, class_name: str, name: str, parameters: str = "", file: str = ""
) -> str:
    """Return `c1:` and 32 hex digits: equal for all spellings of one case.

    The class says where a case is; without one the file does.
    """
    full = full_name(_place(class_name) or _place(file), name)
    return _hashed("c", _significant(suite, file, full), full, _SPACE.sub(" ", parameters.strip()))


def name_key(name: str, class_name: str = "", parameters: str = "") -> str:
    """Return `n1:` and 32 hex digits: as `identity_key`, but without suite and file.

    A log and a person name a case so: by one text with everything that they know.
    """
    full = full_name(_place(class_name), name)
    return _hashed("n", full, _SPACE.sub(" ", parameters.strip()))


def full_name(place: str, name: str) -> str:
    """Return place and name with a point between them. A name that repeats its place has it once.

    >>> full_name("tests.test_a.TestX", "test_y"), full_name("", "tests/test_a.py::TestX::test_y")
    ('tests.test_a.TestX.test_y', 'tests.test_a.TestX.test_y')
    """
    # Most names are one plain word, in which nothing is removed.
    key = name if name.isidentifier() else dotted(case_key(_SPACE.sub(" ", name.strip())))
    is_whole = not place or key == place or key.startswith(f"{place}.")
    return key if is_whole else f"{place}.{key}"


NO_NAME = "(no name)"


def display_name(place: str, name: str) -> str:
    """Return place and name for people; `(no name)` for an empty name.

    >>> display_name("Login", "works"), display_name("", "")
    ('Login :: works', '(no name)')
    """
    shown = name if name.strip() else NO_NAME
    return shown if not place or shown.startswith(place) else f"{place} :: {shown}"


def dotted(text: str) -> str:
    """Return a class, a file or a name with points where a language has other separators.

    >>> dotted("tests/test_a.py::TestX"), dotted("com.acme.AddTest#adds"), dotted("src/a.test.js")
    ('tests.test_a.TestX', 'com.acme.AddTest.adds', 'src/a.test.js')
    """
    text = text.strip().replace("\\", "/").removeprefix("./")
    if ".py" in text:
        text = _MODULE.sub(lambda match: match[1].replace("/", "."), text, count=1)
    return _SEPARATORS.sub(".", text)


@lru_cache(maxsize=_MAX_PLACES)
def _place(text: str) -> str:
    """Return `dotted(text)` of a class or a file: many cases share it."""
    return dotted(text)


@lru_cache(maxsize=_MAX_PLACES)
def _suite(text: str) -> str:
    return _VARYING.sub("#", dotted(text))


def _significant(suite: str, file: str, full: str) -> str:
    """Return the suite if it says more than place and name, else ""."""
    name = _suite(suite)
    says_nothing = name.lower() in _SAYS_NOTHING or full.startswith(f"{name}.")
    return "" if says_nothing or name == full or name == _place(file) else name


def _hashed(letter: str, *parts: str) -> str:
    identity = "\0".join(parts).encode("utf-8", "replace")
    return f"{letter}{VERSION}:{hashlib.sha256(identity).hexdigest()[:32]}"
