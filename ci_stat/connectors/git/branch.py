"""Files on a branch of a remote repository: list, read, and append without ever losing a race.

A bare repository in a cache folder holds the newest commit of the branch, and of its files only
those that were read. Deleting the folder costs another download and nothing else.
"""

import fcntl
import random
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ci_stat.connectors.git.outcomes import explained, is_damaged, is_race
from ci_stat.connectors.git.program import Git, GitError
from ci_stat.errors import SourceError

_LOCK = "ci-stat.lock"
_ADDRESS = "remote.origin.url"
_OURS = "refs/ci-stat/branch"
_IDENTITY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "ci-stat"), ("EMAIL", "ci-stat@localhost"))
}
_MAX_PAUSE = 5.0  # seconds between two tries

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Change:
    """Files to add (by path) and paths to remove, in one commit."""

    added: Files
    removed: Sequence[str] = ()


class Branch:
    """A branch of a remote repository, of which we need not have a checkout.

    Several processes may share a cache: each operation holds its lock.
    """

    def __init__(
        self, cache: Path, url: str, name: str, login: Sequence[tuple[str, str]] = ()
    ) -> None:
        """`cache`: folder of the bare repository, created when it is needed."""
        self._cache = cache
        self._url = url
        self.name = name
        self._login = login

    def fetch(self) -> dict[str, str]:
        """Fetch the newest commit. Return object ids by path; {} without such a branch.

        Raises SourceError.
        """
        with self._locked():
            return self._fetch()

    def _fetch(self) -> dict[str, str]:
        """Fetch into the cache, or into a new one if it is damaged."""
        try:
            return self._fetch_once()
        except GitError as error:
            if not is_damaged(error):
                raise
            self._empty()
            return self._fetch_once()

    def _fetch_once(self) -> dict[str, str]:
        self._prepare()
        wanted = f"+refs/heads/{self.name}:{_OURS}"
        arguments = ("--quiet", "--depth=1", "--no-tags", "--filter=blob:none", "origin", wanted)
        try:
            self._git.run(f"fetch the branch {self.name}", "fetch", *arguments)
        except GitError as error:
            if "couldn't find remote ref" not in error.words:
                raise
            self._forget()
            return {}
        return self._tree()

    def read(self, objects: Sequence[str]) -> list[bytes]:
        """Return the contents of objects of the last `fetch`. Raises SourceError."""
        if not objects:
            return []
        with self._locked():
            return self.read_now(objects)

    def read_now(self, objects: Sequence[str]) -> list[bytes]:
        """Return the same within a `change`, which holds the lock already."""
        missing = self._missing(objects)
        if missing:
            # As git itself fetches what a partial clone lacks, but all at once.
            arguments = ("--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none")
            fetch = ("-c", "fetch.negotiationAlgorithm=noop", "fetch", *arguments)
            ids = "\n".join(missing).encode() + b"\n"
            self._git.run("fetch files of the branch", *fetch, "origin", "--stdin", data=ids)
        asked = "\n".join(objects).encode() + b"\n"
        return _batch(self._git.run("read files", "cat-file", "--batch", data=asked))

    def append(
        self, change: Callable[[Mapping[str, str]], Change], message: str, seconds: float
    ) -> bool:
        """Commit a change and push it; repeat both if somebody else pushed first.

        `change`: from the files of the newest commit, asked anew before each try. Return False if
        it was empty. Raises SourceError, also after `seconds` without success.
        """
        deadline = time.monotonic() + seconds
        pause = 0.05
        while True:
            with self._locked():
                files = self._fetch()
                wanted = change(files)
                if not wanted.added and not wanted.removed:
                    return False
                commit = self._commit(wanted, message)
                if self._is_pushed(commit):
                    return True
            if time.monotonic() > deadline:
                hint = "Others pushed first each time. Call the command again."
                raise SourceError(f"No push succeeded in {seconds:.0f} s.", hint)
            # Not a constant: those who collided would collide again.
            time.sleep(random.uniform(0, pause))  # noqa: S311  # no secret
            pause = min(pause * 2, _MAX_PAUSE)

    @property
    def _git(self) -> Git:
        # The address may contain a password, so it is in no file.
        return Git(self._cache, (*self._login, (_ADDRESS, self._url)), is_bare=True)

    def _prepare(self) -> None:
        """Create the bare repository. An earlier ci_stat wrote the remote's address into it."""
        if not (self._cache / "HEAD").exists():
            self._git.run("create a cache", "init", "--quiet", "--bare", str(self._cache))
        with suppress(GitError):  # it has none
            self._git.run("forget an address", "config", "--local", "--unset-all", _ADDRESS)

    def _empty(self) -> None:
        """Delete all of the cache but our lock."""
        for path in self._cache.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != _LOCK:
                path.unlink(missing_ok=True)

    def _forget(self) -> None:
        with suppress(GitError):
            self._git.run("forget the branch", "update-ref", "-d", _OURS)

    def _tree(self) -> dict[str, str]:
        listing = self._git.run("list files", "ls-tree", "-r", "-z", "--full-tree", _OURS)
        files = {}
        for entry in listing.decode(errors="surrogateescape").split("\0"):
            kind, _, path = entry.partition("\t")
            if path:
                files[path] = kind.split(" ")[2]
        return files

    def _has_commit(self) -> bool:
        """Whether the branch exists. It may have no file."""
        with suppress(GitError):
            self._git.run("find the branch", "rev-parse", "--verify", "--quiet", _OURS)
            return True
        return False

    def _missing(self, objects: Sequence[str]) -> list[str]:
        """Objects of the branch that the cache does not have, without fetching each."""
        listing = self._git.run("list objects", "rev-list", "--objects", "--missing=print", _OURS)
        absent = {line[1:] for line in listing.decode().split("\n") if line.startswith("?")}
        return [one for one in objects if one in absent]

    def _commit(self, change: Change, message: str) -> str:
        """Write a commit upon the newest one, without a checkout. Return its id."""
        has_parent = self._has_commit()
        entries = []
        for path, content in change.added.items():
            hashed = self._git.run("write a file", "hash-object", "-w", "--stdin", data=content)
            entries.append(f"100644 {hashed.decode().strip()}\t{path}\0")
        entries += [f"0 {'0' * 40}\t{path}\0" for path in change.removed]
        with TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": f"{folder}/index"}
            start = _OURS if has_parent else "--empty"
            self._git.run("read the branch", "read-tree", start, environment=index)
            listing = "".join(entries).encode()
            arguments = ("update-index", "-z", "--index-info")
            self._git.run("change files", *arguments, data=listing, environment=index)
            tree = self._git.run("write files", "write-tree", "--missing-ok", environment=index)
        parent = ("-p", _OURS) if has_parent else ()
        arguments = ("commit-tree", tree.decode().strip(), *parent, "-m", message)
        return self._git.run("commit", *arguments, environment=_IDENTITY).decode().strip()

    def _is_pushed(self, commit: str) -> bool:
        """Push, or return False if somebody else was faster. Raises SourceError."""
        target = f"{commit}:refs/heads/{self.name}"
        try:
            self._git.run(f"push to the branch {self.name}", "push", "--quiet", "origin", target)
        except GitError as error:
            if is_race(error):
                return False
            raise explained(error, self.name) from None
        return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._cache / _LOCK).open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            try:
                yield
            except GitError as error:
                if is_damaged(error):
                    self._empty()  # the next call fetches anew
                raise


def _batch(output: bytes) -> list[bytes]:
    """Split what `git cat-file --batch` prints into contents."""
    contents = []
    place = 0
    while place < len(output):
        end = output.index(b"\n", place)
        head = output[place:end].split(b" ")
        if head[-1] == b"missing":
            raise SourceError(f"The branch lacks the object {head[0].decode()}.", "Fetch again.")
        size = int(head[2])
        contents.append(output[end + 1 : end + 1 + size])
        place = end + 1 + size + 1
    return contents
