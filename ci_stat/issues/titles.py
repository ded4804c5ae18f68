"""Titles of issues about a failing test: written so that they are found again, and read whoever wrote them.

The family at pingcap/tidb, of people and of two bots: ``unstable test `Suite.Test` ``, `Flaky test: TestX in pkg/y`,
`FAIL: file_test.go:9: Suite.Test`, `sort_test.go:Suite.Test failed`, `Case failure: TestX`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ci_stat.escape import visible
from ci_stat.failures.case_names import LABEL, case_key

LONGEST = 1_000  # characters of a title that are read; trackers end theirs at 256
NAME = 230  # characters of a name in a title of ours
LEAST_CUT = 20  # characters of a cut name; the beginnings of many names are alike

_DOTS = ".…"
# A whole title that says nothing but the name: what stands in it is a name, whatever it looks like.
_PLAIN = re.compile(
    r"(?i)(?:unstable|flaky) tests?:? `+([^`]+)`+(?: in (?:the )?`*[\w./-]+`*(?: (?:pkg|package))?)?$"
)
_MADE = re.compile(
    r"(?i)(?:\[[^\]]*\] *)?(?:case failure|stabi?li[sz]ed case failed): *(?P<name>.+)$"
)
_FILE_FIRST = re.compile(r"(?i)(?P<name>(?:(?:FAIL|PANIC|MISS): *)?\S+\.go:.+?) failed$")
_NEW = re.compile(r"(?i)(?:[\w*/, -]{1,60}: *)?(?:add|support|implement|introduce|provide)\b")
# Of a change, not of a failure: one taken back, or a test that is to fail sooner.
_REVERT = re.compile(r'(?i)revert *["\u201c]|\[revert\]')
_SOONER = re.compile(
    r"(?i)(?:[\w*/, -]{1,60}: *)?(?:make|let) +(?:the +|test +)?\S{1,200} +fail +\w"
)
_TOKEN = re.compile(r"`+([^`]+)`+|[^\s`]+")
_POSITION = re.compile(r"\S+\.go:(?:\d+:?)?$")
_TESTLIKE = re.compile(
    r"(?<![A-Za-z])Test[A-Z\d_]|(?<![A-Za-z])test(?:_\w|[A-Z]\w*[a-z])|[a-z\d]Tests?(?=[.#:/$\[(]|$)"
    r"|\w_tests?(?![A-Za-z])|\w::\w|Suite\w*\.\w"
)
# Words that speak of the test wherever they stand, and those that do so beside it only.
_STRONG = re.compile(
    r"(?i)\b(?:un-?stable|flaky|flak(?:e|es|iness)|case failure|data race|FAIL:|PANIC:|MISS:)"
)
_WEAK = re.compile(
    r"(?i)(?:fail(?:s|ed|ing|ure|ures)?|panic(?:s|ked|king)?|leak(?:s|ed)?|hangs?|tim(?:ed|es)|timeout)\W*$"
)
_BEFORE, _AFTER = 2, 4  # words in which a weak one is looked for
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
class Named:
    """The test that a title is about.

    `case`: its key. `package`: "" if the title has none. `cut`: the name was cut, so `case` is how it begins.
    """

    case: str
    package: str = ""
    cut: bool = False


def title_name(case: str, limit: int = NAME) -> str:
    """A case's name as it stands between backticks in a title: one line, nothing hidden, at most `limit` characters."""
    name = _shown(case_key(case))
    return name if len(name) <= limit else f"{name[: limit - 3]}..."


def _shown(name: str) -> str:
    return " ".join(visible(name, 10_000).replace("`", "'").split())


def named_in(title: str) -> Named | None:
    """The test that a title says is failing, unstable or flaky. None for other titles."""
    text = " ".join(title[:LONGEST].split())
    if _REVERT.match(text):
        return None
    whole = _PLAIN.match(text)
    if whole:
        return _named(whole[1], text[whole.end(1) :])
    made = _MADE.match(text) or _FILE_FIRST.match(text)
    if made:
        return _named(made["name"].replace("`", ""), "")
    return None if _NEW.match(text) or _SOONER.match(text) else next(_in_words(text), None)


def _in_words(text: str) -> Iterator[Named]:
    """The names that look like a test's, where the title says that it fails."""
    strong = _STRONG.search(text)
    found = list(_TOKEN.finditer(text))
    words = [token[1] or _bare_word(token[0]) for token in found]
    for at, word in enumerate(words):
        if _TESTLIKE.search(word) and not _POSITION.match(word) and (strong or _fails(words, at)):
            yield _named(word, text[found[at].end(1 if found[at][1] else 0) :])


def _bare_word(word: str) -> str:
    """Without the punctuation around it; the dots of a cut name stay."""
    word = word.strip(",;:!?\"'")
    if word[:1] + word[-1:] in ("()", "[]"):
        return word[1:-1]
    if "(" not in word:
        word = word.rstrip(")")
    return word[:-1] if word.endswith(".") and not word.endswith("..") else word


def _fails(words: Sequence[str], at: int) -> bool:
    beside = (*words[max(0, at - _BEFORE) : at], *words[at + 1 : at + 1 + _AFTER])
    return any(map(_WEAK.match, beside))


def _named(name: str, after: str) -> Named:
    text = name.strip()
    cut = text.endswith(("...", "…"))
    key = case_key(text.rstrip(_DOTS).rstrip() if cut else text)
    package = _PACKAGE.search(after)
    return Named(key, "".join(filter(None, package.groups())).strip("./") if package else "", cut)


def names(named: Named, case: str, file_or_suite: str = "") -> bool:
    """Whether a title is about this case.

    `file_or_suite`: where the case is known to be, as a path or a package: a title that says another package is about
    another test of that name. Subtests belong to their test, and a bare test name stands for it in any suite.
    """
    wanted = _shown(case_key(case))
    if _elsewhere(named.package, file_or_suite):
        return False
    if named.cut:
        return _begins(wanted, named.case)
    package, test = _parts(named.case)
    own_package, own_test = _parts(case_key(wanted))
    if _elsewhere(package, own_package or file_or_suite):
        return False
    return test == own_test or (_BARE.match(test) is not None and test in _short(own_test))


def _begins(wanted: str, cut: str) -> bool:
    spellings = (wanted, LABEL.sub("", wanted), _GO_FILE.sub("", wanted, count=1))
    if any(case_key(each.rstrip(_DOTS).rstrip()) == cut for each in spellings):
        return True
    return len(cut) >= LEAST_CUT and any(each.startswith(cut) for each in spellings)


def _parts(case: str) -> tuple[str, str]:
    """The package that stands before a test's name, and the test without its subtest."""
    found = _OF_PATH.match(case)
    package, test = (found["package"], found["test"]) if found else ("", case)
    return package, _SUBTEST.sub(r"\1", test)


def _short(test: str) -> tuple[str, ...]:
    """The bare names of a test: without suite, file or class."""
    method = test.partition("(")[0].strip()
    return _SEPARATORS.split(test)[-1], method


def _elsewhere(package: str, place: str) -> bool:
    """Whether two places cannot be one: neither path ends in the other."""
    one, other = package.split("/"), _folder(place).split("/")
    shared = min(len(one), len(other))
    return bool(package and other[-1]) and one[-shared:] != other[-shared:]


def _folder(place: str) -> str:
    """The folder of a file, or a package; "" where `place` is neither, e.g. a suite's name."""
    path = place.strip().removeprefix("//").partition(":")[0].rstrip("/")
    folder, _, last = path.rpartition("/")
    if "." in last:
        return folder
    return path if folder or (path.isascii() and path.islower()) else ""
