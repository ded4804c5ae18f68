"""Titles of issues about a failing test: writes ours, and parses those of any author.

Known spellings at pingcap/tidb, by people and two bots: ``unstable test `Suite.Test` ``,
`Flaky test: TestX in pkg/y`, `FAIL: file_test.go:9: Suite.Test`, `Case failure: TestX`,
`sort_test.go:Suite.Test failed`. Titles of today must stay recognisable: they are how another
state, or another author, is recognised.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ci_stat.escape import visible
from ci_stat.failures.case_names import LABEL, case_key

LONGEST = 1_000  # characters of a title that are parsed; GitHub limits titles to 256
NAME = 230  # characters of a name in our titles
LEAST_CUT = 20  # characters of a truncated name; shorter beginnings are ambiguous

_DOTS = ".…"
# A title that consists of the name only: the quoted text is a name in any form.
_PLAIN = re.compile(
    r"(?i)(?:unstable|flaky) tests?:? `+([^`]+)`+"
    r"(?: in (?:the )?`*[\w./-]+`*(?: (?:pkg|package))?)?$"
)
_PREFIXED = re.compile(
    r"(?i)(?:\[[^\]]*\] *)?(?:case failure|stabi?li[sz]ed case failed): *(?P<name>.+)$"
)
_FILE_FIRST = re.compile(r"(?i)(?P<name>(?:(?:FAIL|PANIC|MISS): *)?\S+\.go:.+?) failed$")
_NEW = re.compile(r"(?i)(?:[\w*/, -]{1,60}: *)?(?:add|support|implement|introduce|provide)\b")
# Titles of a change, not of a failure: a revert, or a test that must fail sooner.
_REVERT = re.compile(r'(?i)revert *["\u201c]|\[revert\]')
_SOONER = re.compile(
    r"(?i)(?:[\w*/, -]{1,60}: *)?(?:make|let) +(?:the +|test +)?\S{1,200} +fail +\w"
)
_TOKEN = re.compile(r"`+([^`]+)`+|[^\s`]+")
_POSITION = re.compile(r"\S+\.go:(?:\d+:?)?$")
_TESTLIKE = re.compile(
    r"(?<![A-Za-z])Test[A-Z\d_]|(?<![A-Za-z])test(?:_\w|[A-Z]\w*[a-z])"
    r"|[a-z\d]Tests?(?=[.#:/$\[(]|$)"
    r"|\w_tests?(?![A-Za-z])|\w::\w|Suite\w*\.\w"
)
# Words that mean a failing test anywhere in a title, or only next to its name.
_STRONG = re.compile(
    r"(?i)\b(?:un-?stable|flaky|flak(?:e|es|iness)|case failure|data race|FAIL:|PANIC:|MISS:)"
)
_WEAK = re.compile(
    r"(?i)(?:fail(?:s|ed|ing|ure|ures)?|panic(?:s|ked|king)?|leak(?:s|ed)?|hangs?"
    r"|tim(?:ed|es)|timeout)\W*$"
)
_BEFORE, _AFTER = 2, 4  # words around a test that are searched for a weak word
_PACKAGE = re.compile(
    r" in (?:the )?(?:(?:pkg|package) `*([\w./-]+)|`*([\w./-]+)`* (?:pkg|package)\b|`+([\w./-]+)`"
    r"|([a-z][\w.-]*/[\w./-]+))"
)
_OF_PATH = re.compile(r"(?P<package>[\w.-]+(?:/[\w-]+)+)\.(?P<test>Test\w*(?:/.*)?)$")
_GO_FILE = re.compile(r"^(?:(?:FAIL|PANIC|MISS): )?\S+\.go:(?:\d+:)? ?")
_SUBTEST = re.compile(r"^([\w.*()]*\bTest\w*)/.+")
_BARE = re.compile(r"[Tt]est\w*$")
_SEPARATORS = re.compile(r"::|[.#]")


@dataclass(frozen=True, slots=True)
class NamedTest:
    """The test that a title names.

    - `case`: its key. `package`: "" if the title has none.
    - `cut`: the name is truncated, so `case` is its beginning.
    """

    case: str
    package: str = ""
    cut: bool = False


def title_name(case: str, limit: int = NAME) -> str:
    """Return a case's name for a title: visible, on one line, limited to `limit` characters."""
    name = _visible(case_key(case))
    return name if len(name) <= limit else f"{name[: limit - 3]}..."


def _visible(name: str) -> str:
    return " ".join(visible(name, 10_000).replace("`", "'").split())


def named_in(title: str) -> NamedTest | None:
    """Return the test that a title calls failing, unstable or flaky; None for other titles."""
    text = " ".join(title[:LONGEST].split())
    if _REVERT.match(text):
        return None

    plain = _PLAIN.match(text)
    if plain:
        return _named(plain[1], text[plain.end(1) :])
    prefixed = _PREFIXED.match(text) or _FILE_FIRST.match(text)
    if prefixed:
        return _named(prefixed["name"].replace("`", ""), "")

    if _NEW.match(text) or _SOONER.match(text):
        return None
    return next(_in_sentence(text), None)


def _in_sentence(text: str) -> Iterator[NamedTest]:
    """The names that look like tests, where the sentence calls them failing."""
    strong = _STRONG.search(text)
    tokens = list(_TOKEN.finditer(text))
    words = [token[1] or _bare_word(token[0]) for token in tokens]

    for index, (token, word) in enumerate(zip(tokens, words, strict=True)):
        is_test = _TESTLIKE.search(word) and not _POSITION.match(word)
        if is_test and (strong or _fails(words, index)):
            yield _named(word, text[token.end(1 if token[1] else 0) :])


def _bare_word(word: str) -> str:
    """Strip punctuation; the dots of a truncated name stay."""
    word = word.strip(",;:!?\"'")
    if word[:1] + word[-1:] in ("()", "[]"):
        return word[1:-1]
    if "(" not in word:
        word = word.rstrip(")")
    is_sentence_end = word.endswith(".") and not word.endswith("..")
    return word[:-1] if is_sentence_end else word


def _fails(words: Sequence[str], index: int) -> bool:
    """Whether a weak word next to the test says that it fails."""
    before = words[max(0, index - _BEFORE) : index]
    after = words[index + 1 : index + 1 + _AFTER]
    return any(map(_WEAK.match, (*before, *after)))


def _named(name: str, after: str) -> NamedTest:
    """The test of that name; `after`: the rest of the title, which may name its package."""
    text = name.strip()
    cut = text.endswith(("...", "…"))
    key = case_key(text.rstrip(_DOTS).rstrip() if cut else text)

    package = _PACKAGE.search(after)
    if package is None:
        return NamedTest(key, "", cut)
    return NamedTest(key, "".join(filter(None, package.groups())).strip("./"), cut)


def is_about(named: NamedTest, case: str, file_or_suite: str = "") -> bool:
    """Whether the test that a title names is this case.

    `file_or_suite`: where the case is, as a path or a package: a title with another package is
    about another test. Subtests belong to their test; a bare test name matches it in any suite.
    """
    name = _visible(case_key(case))
    if _elsewhere(named.package, file_or_suite):
        return False
    if named.cut:
        return _begins(name, named.case)

    package, test = _parts(named.case)
    own_package, own_test = _parts(case_key(name))
    if _elsewhere(package, own_package or file_or_suite):
        return False
    if test == own_test:
        return True
    return _BARE.match(test) is not None and test in _short_names(own_test)


def _begins(name: str, beginning: str) -> bool:
    """Whether a truncated name is the beginning of this name, in one of its spellings."""
    spellings = (name, LABEL.sub("", name), _GO_FILE.sub("", name, count=1))
    if any(case_key(text.rstrip(_DOTS).rstrip()) == beginning for text in spellings):
        return True
    return len(beginning) >= LEAST_CUT and any(text.startswith(beginning) for text in spellings)


def _parts(case: str) -> tuple[str, str]:
    """Split a name into package and test, without the subtest."""
    path = _OF_PATH.match(case)
    package, test = (path["package"], path["test"]) if path else ("", case)
    return package, _SUBTEST.sub(r"\1", test)


def _short_names(test: str) -> tuple[str, str]:
    """The names of a test without suite or file, and without class."""
    method = test.partition("(")[0].strip()
    return _SEPARATORS.split(test)[-1], method


def _elsewhere(package: str, place: str) -> bool:
    """Whether two places differ: neither path is the end of the other."""
    one, other = package.split("/"), _folder(place).split("/")
    if not package or not other[-1]:
        return False
    shared = min(len(one), len(other))
    return one[-shared:] != other[-shared:]


def _folder(place: str) -> str:
    """The folder of a file, or a package; "" for anything else, e.g. a suite's name."""
    path = place.strip().removeprefix("//").partition(":")[0].rstrip("/")
    folder, _, last = path.rpartition("/")
    if "." in last:
        return folder
    is_package = folder or (path.isascii() and path.islower())
    return path if is_package else ""
