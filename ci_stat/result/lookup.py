"""Maps with keys (repo, number) or (repo, hash) that also accept a number, hash or hash prefix.

Numbers repeat across repositories: without repository they must be unique.
"""

from bisect import bisect_left
from collections.abc import Iterator
from numbers import Integral
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ci_stat.records import Provenance

K = TypeVar("K")
V = TypeVar("V")

_MOST_CANDIDATES = 10  # in an error message


class Sourced(dict[K, V]):
    """A dict with the provenance of its runs, for lists that are printed from it."""

    provenance: Provenance | None = None


class _ByRepo(Sourced[Any, V]):
    """A dict with keys (repo, part) that accepts a part alone if exactly one key has it.

    Raises KeyError with the candidates if several keys have it.
    """

    if TYPE_CHECKING:  # the type of a key is Any, so that `25257 in pr_map` passes type checks

        def __iter__(self) -> Iterator[tuple[str, Any]]: ...

    def _matches(self, part: Any) -> list[tuple[str, Any]]:
        raise NotImplementedError

    def find(self, part: Any) -> tuple[str, Any] | None:
        """The full key of `part`, None without a match. Raises KeyError for several matches."""
        if dict.__contains__(self, part):
            key: tuple[str, Any] = part
            return key
        matches = self._matches(part)
        if len(matches) > 1:
            candidates = ", ".join(map(repr, matches[:_MOST_CANDIDATES]))
            more = len(matches) - _MOST_CANDIDATES
            rest = f" and {more} more" if more > 0 else ""
            raise KeyError(f"{part!r} is not unique: choose one of {candidates}{rest}")
        return matches[0] if matches else None

    def __missing__(self, part: Any) -> V:
        key = self.find(part)
        if key is None:
            raise KeyError(part)
        return dict.__getitem__(self, key)

    def __contains__(self, part: object) -> bool:
        return dict.__contains__(self, part) or bool(self._matches(part))

    def get(self, part: Any, default: Any = None) -> Any:
        """Like `[]`, but `default` without a match. Several matches still raise KeyError."""
        key = self.find(part)
        return default if key is None else dict.__getitem__(self, key)


class NumberMap(_ByRepo[V], Generic[V]):
    """Keys are (repo, pull request number); a number alone works too."""

    _index: dict[int, list[tuple[str, int]]] | None = None
    _indexed = -1

    def _matches(self, part: Any) -> list[tuple[str, Any]]:
        if self._index is None or self._indexed != len(self):
            self._index, self._indexed = {}, len(self)
            for key in self:
                self._index.setdefault(key[1], []).append(key)
        is_number = isinstance(part, Integral)  # numpy's integers too
        return self._index.get(part, []) if is_number else []


class HashMap(_ByRepo[V], Generic[V]):
    """Keys are (repo, commit hash); a hash or a prefix of one works with or without the repo."""

    _index: list[tuple[str, str]] | None = None

    def _matches(self, part: Any) -> list[tuple[str, Any]]:
        repo, prefix = part if isinstance(part, tuple) and len(part) == 2 else (None, part)
        if not isinstance(prefix, str) or not prefix:
            return []
        if self._index is None or len(self._index) != len(self):
            self._index = sorted((key[1], key[0]) for key in self)
        matches = []
        first = bisect_left(self._index, (prefix, ""))
        for position in range(first, len(self._index)):
            commit, of_repo = self._index[position]
            if not commit.startswith(prefix):
                break
            if repo in (None, of_repo):
                matches.append((of_repo, commit))
        exact = [key for key in matches if key[1] == prefix]
        return exact or matches
