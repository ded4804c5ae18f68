"""How suspicious each commit is before any run: by the files that it touches. Pure.

A clue is a file or folder that the failing test names: its own file, its package, a file of its
stack, a file of a commit that broke it before. A commit that touches one is so many times as
suspicious as a commit that touches none; the kinds of clues multiply.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import prod

from ci_stat.commit_tests.culprit.model import Commit
from ci_stat.errors import UsageError
from ci_stat.escape import visible

MOST_TIMES = 50.0  # no clue is a proof
MOST_WEIGHT = 100.0
_MOST_OF_STACK = 40  # files of one stack: the nearest ones
_SOURCES = (
    "bzl|c|cc|clj|cmake|cpp|cs|cxx|dart|ex|exs|fs|go|gradle|groovy|h|hpp|hs|java|js|json|jsx|kt|kts"
    "|lua|m|mjs|mm|php|pl|proto|py|pyi|pyx|rb|rs|scala|sh|sql|swift|toml|ts|tsx|vue|xml|yaml|yml"
)
_PATH = re.compile(rf"[\w@+./\\-]*[\w@+-]\.(?:{_SOURCES})(?![\w/.])")
_JVM_FRAME = re.compile(r"\bat ([\w.$]+)\.[\w$<>]+\.[\w$<>]+\(([\w$]+\.\w+)")
_LIBRARIES = re.compile(r"site-packages/|node_modules/|/pkg/mod/|\.cargo/|^/usr/|/lib/python")


class ClueKind(StrEnum):
    """Where a clue comes from."""

    TEST = "test"
    PACKAGE = "package"
    STACK = "stack"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Weights:
    """How many times as suspicious a commit is that touches a clue; 1 for no more than others."""

    test: float = 6.0
    package: float = 4.0
    stack: float = 8.0
    past: float = 3.0

    def of(self, kind: ClueKind) -> float:
        weight: float = getattr(self, kind.value)
        return weight


@dataclass(frozen=True, slots=True)
class Clue:
    """A file, or a folder. Its path may lack the first folders, or have more than the repository:
    stacks name files as the machine, the compiler or the language sees them.
    """

    kind: ClueKind
    parts: tuple[str, ...]
    is_folder: bool = False

    @property
    def path(self) -> str:
        return "/".join(self.parts) + ("/" if self.is_folder else "")

    def is_touched_by(self, path: str) -> bool:
        """Whether a path of the repository is this file, or lies in this folder."""
        parts = tuple(path.split("/"))
        touched = parts[:-1] if self.is_folder else parts
        common = min(len(touched), len(self.parts))
        return common > 0 and touched[-common:] == self.parts[-common:]


@dataclass(frozen=True, slots=True)
class Suspect:
    """What the clues say of a commit. `touched`: a path that touches a clue of each kind."""

    times: float
    touched: Mapping[ClueKind, str] = field(default_factory=dict)


def suspects_by_clues(
    commits: Sequence[Commit], clues: Sequence[Clue], weights: Weights
) -> list[Suspect]:
    """How suspicious each commit is, in their order."""
    return [_suspect(commit, clues, weights) for commit in commits]


def clues_of_test(
    test_file: str = "", package: str = "", stack: str = "", past: Iterable[str] = ()
) -> list[Clue]:
    """The clues that a failing test gives.

    - `package`: of Go, of Java, or of Python; by default the folder of the test's file.
    - `stack`: text of its failure. `past`: files of commits that broke it before.
    """
    clues = []
    file = _parts(test_file)
    folder = _parts(package if "/" in package else package.replace(".", "/")) or file[:-1]
    if file:
        clues.append(Clue(ClueKind.TEST, file))
    if folder:
        clues.append(Clue(ClueKind.PACKAGE, folder, is_folder=True))
    clues += [Clue(ClueKind.STACK, _parts(path)) for path in files_of_stack(stack)]
    clues += [Clue(ClueKind.PAST, _parts(path)) for path in past]
    return list(dict.fromkeys(clue for clue in clues if clue.parts))


def files_of_stack(stack: str) -> list[str]:
    """The files that a stack or a message names, each once; none of libraries."""
    of_jvm = [f"{package.replace('.', '/')}/{file}" for package, file in _JVM_FRAME.findall(stack)]
    others = _PATH.findall(_JVM_FRAME.sub(" ", stack))
    paths = [path.replace("\\", "/") for path in (*of_jvm, *others)]
    own = [path for path in paths if not _LIBRARIES.search(path)]
    return list(dict.fromkeys(own))[:_MOST_OF_STACK]


def read_weights(text: str) -> Weights:
    """Weights as the setting has them, such as `test=6 stack=8`. Raises UsageError."""
    values = {}
    for word in text.replace(",", " ").split():
        name, _, number = word.partition("=")
        if name not in list(ClueKind) or not _is_weight(number):
            raise UsageError(
                f"Invalid weight {visible(word, 60)!r} of a clue.",
                f"Write test=6, package=4, stack=8 or past=3; at most {MOST_WEIGHT:.0f}.",
            )
        values[name] = float(number)
    return Weights(**values)


def _is_weight(number: str) -> bool:
    is_number = re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", number)
    return is_number is not None and 0 < float(number) <= MOST_WEIGHT


def _suspect(commit: Commit, clues: Iterable[Clue], weights: Weights) -> Suspect:
    touched: dict[ClueKind, str] = {}
    for clue in clues:
        if clue.kind in touched:
            continue
        path = next((path for path in commit.paths if clue.is_touched_by(path)), None)
        if path is not None:
            touched[clue.kind] = path
    times = prod(weights.of(kind) for kind in touched)
    return Suspect(min(times, MOST_TIMES), touched)


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part not in ("", "."))
