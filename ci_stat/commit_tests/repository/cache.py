"""Bare repositories of ours, one for each address, fetched under a lock.

A process that is killed leaves at most lock files of git, which the next holder of our lock
removes.
"""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ci_stat.commit_tests.repository.address import (
    Address,
    AddressKind,
    AddressRules,
    read_address,
)
from ci_stat.commit_tests.repository.commits import (
    FULL_SHA,
    resolve_commit,
    resolve_commits,
    tree_of,
)
from ci_stat.commit_tests.repository.locks import locked
from ci_stat.commit_tests.repository.program import GitFailed, SafeGit
from ci_stat.errors import SourceError, UsageError
from ci_stat.escape import visible

# Attributes of the repository itself count above those of a commit: no filter, nothing left out.
_ATTRIBUTES = "* -filter -export-ignore -export-subst\n"
_HEAD = "refs/ci-stat/HEAD"
_REFS = (
    f"+HEAD:{_HEAD}",
    "+refs/heads/*:refs/heads/*",
    "+refs/tags/*:refs/tags/*",
)
_REFS_OF_FOLDER = (*_REFS, "+refs/remotes/*:refs/remotes/*")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository in the cache. `lock`: is held while its files change."""

    address: Address
    git: SafeGit
    lock: Path

    @property
    def folder(self) -> Path:
        return self.git.folder

    async def resolve(self, names: Sequence[str], first_parent: bool = False) -> list[str]:
        """Return full SHAs; a full SHA that no branch has is fetched. Raises UsageError."""
        for name in names:
            if FULL_SHA.fullmatch(name):
                await self._fetch_commit(name)
        return await resolve_commits(self.git, names, first_parent)

    async def tree(self, commit: str) -> str:
        """Return the full SHA of the commit's tree."""
        return await tree_of(self.git, commit)

    async def _fetch_commit(self, sha: str) -> None:
        with suppress(UsageError):
            await resolve_commit(self.git, sha)
            return
        async with locked(self.lock):
            with suppress(GitFailed):  # `resolve` says that there is none
                await self.git.run(
                    *("fetch the commit", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head"),
                    *("--", self.address.url, f"+{sha}:refs/ci-stat/commits/{sha}"),
                    is_fetch=True,
                )


@dataclass(frozen=True, slots=True)
class RepositoryCache:
    """The cache. `folder`: ours alone; others cannot read it."""

    folder: Path
    rules: AddressRules = field(default_factory=AddressRules)

    async def fetch(self, text: str) -> Repository:
        """Clone the repository, or fetch what is new. Raises UsageError, Refused, SourceError."""
        repository = self._repository(read_address(text, self.rules))
        async with locked(repository.lock):
            await _create(repository)
            await _fetch(repository)
        return repository

    async def open(self, text: str) -> Repository:
        """Return the repository as it was fetched; clone it if it is not there."""
        repository = self._repository(read_address(text, self.rules))
        if (repository.folder / "ci-stat-fetched").exists():
            return repository
        return await self.fetch(text)

    def _repository(self, address: Address) -> Repository:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = self.folder / f"{address.key}.git"
        key = self.rules.ssh_key if address.kind is AddressKind.SSH else None
        return Repository(address, SafeGit(folder, key), self.folder / f"{address.key}.lock")


async def _create(repository: Repository) -> None:
    folder = repository.folder
    if not (folder / "info" / "attributes").exists():
        shutil.rmtree(folder, ignore_errors=True)  # a process was killed while it made this
        await repository.git.run("create a repository", "init", "--quiet", "--bare", "--template=")
        await repository.git.run("name the head", "symbolic-ref", "HEAD", _HEAD)
        (folder / "info").mkdir(exist_ok=True)
        (folder / "info" / "attributes").write_text(_ATTRIBUTES)
    for left in folder.glob("*.lock"):
        left.unlink(missing_ok=True)
    for left in (folder / "refs").rglob("*.lock"):
        left.unlink(missing_ok=True)


async def _fetch(repository: Repository) -> None:
    address = repository.address
    refs = _REFS_OF_FOLDER if address.kind is AddressKind.FILE else _REFS
    try:
        await repository.git.run(
            *("fetch the repository", "fetch", "--quiet", "--prune", "--no-tags", "--force"),
            *("--no-write-fetch-head", "--update-head-ok", "--", address.url, *refs),
            is_fetch=True,
        )
    except GitFailed as error:
        raise _explained(error, address) from None
    (repository.folder / "ci-stat-fetched").touch()


def _explained(error: GitFailed, address: Address) -> SourceError:
    """Name the next step for what people meet first."""
    shown = visible(address.url, 200)
    words = error.words
    if "couldn't find remote ref HEAD" in words:
        return SourceError(f"The repository {shown} has no commit.", "Push one, or check HEAD.")
    if "dubious ownership" in words:
        hint = f"git config --global --add safe.directory {shown}"
        return SourceError(f"git refuses {shown}, because another user owns it.", hint)
    if any(word in words for word in ("could not read Username", "Permission denied", "403")):
        hint = "Set GIT_ASKPASS or a credential helper for https, or a key for ssh."
        return SourceError(f"The repository {shown} cannot be read without a login.", hint)
    return SourceError(error.message, f"Check the address: git ls-remote {shown}")
