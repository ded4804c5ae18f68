"""Maps whose keys are (repo, number) or (repo, hash), and that also find a bare number, hash or hash prefix.

Numbers repeat across repositories, so a bare one is answered only where it means one thing.
"""

from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ci_stat.records import Provenance

K = TypeVar("K")
V = TypeVar("V")


class Sourced(dict[K, V]):
    """A dict that knows where its runs came from, so that a list made of it can say so."""

    provenance: Provenance | None = None


class _ByRepo(Sourced[tuple[str, Any], V]):
    """A dict keyed by (repo, part). Looking up a part alone works while exactly one key has it.

    Raises KeyError naming the candidates where several have it.
    """

    if TYPE_CHECKING:

        def __getitem__(self, part: Any) -> V: ...

    def _matches(self, part: Any) -> list[tuple[str, Any]]:
        raise NotImplementedError

    def find(self, part: Any) -> tuple[str, Any] | None:
        """The one full key that `part` means, None if there is none; KeyError with the candidates if many."""
        if dict.__contains__(self, part):
            found: tuple[str, Any] = part
            return found
        matches = self._matches(part)
        if len(matches) > 1:
            shown = ", ".join(map(repr, matches[:10])) + (
                f" and {len(matches) - 10} more" if len(matches) > 10 else ""
            )
            raise KeyError(f"{part!r} is not unique: say which of {shown}")
        return matches[0] if matches else None

    def __missing__(self, part: Any) -> V:
        key = self.find(part)
        if key is None:
            raise KeyError(part)
        return dict.__getitem__(self, key)

    def __contains__(self, part: object) -> bool:
        return dict.__contains__(self, part) or bool(self._matches(part))

    def get(self, part: Any, default: Any = None) -> Any:
        """Like `[]`, but `default` where nothing matches. Ambiguity is still a KeyError."""
        key = self.find(part)
        return default if key is None else dict.__getitem__(self, key)


class NumberMap(_ByRepo[V], Generic[V]):
    """Keyed by (repo, pull request number); finds a bare number too."""

    _index: dict[int, list[tuple[str, int]]] | None = None
    _indexed = -1

    def _matches(self, part: Any) -> list[tuple[str, Any]]:
        if self._index is None or self._indexed != len(self):
            self._index, self._indexed = {}, len(self)
            for key in self:
                self._index.setdefault(key[1], []).append(key)
        return self._index.get(part, []) if isinstance(part, int) else []


class HashMap(_ByRepo[V], Generic[V]):
    """Keyed by (repo, commit hash); finds a bare hash, or a prefix of one, with or without the repo."""

    _index: list[tuple[str, str]] | None = None

    def _matches(self, part: Any) -> list[tuple[str, Any]]:
        repo, prefix = part if isinstance(part, tuple) and len(part) == 2 else (None, part)
        if not isinstance(prefix, str) or not prefix:
            return []
        if self._index is None or len(self._index) != len(self):
            self._index = sorted((key[1], key[0]) for key in self)
        found = []
        for at in range(bisect_left(self._index, (prefix, "")), len(self._index)):
            commit, of_repo = self._index[at]
            if not commit.startswith(prefix):
                break
            if repo is None or repo == of_repo:
                found.append((of_repo, commit))
        whole = [key for key in found if key[1] == prefix]
        return whole or found
