"""Repositories are fetched and resolved, and nothing of them runs here."""

import asyncio
import os
import stat
import tarfile
from pathlib import Path

import pytest

from ci_stat.commit_tests.repository import AddressRules, RepositoryCache, read_address
from ci_stat.commit_tests.repository.checkout import check_size, checked_out, write_archive
from ci_stat.errors import CiStatError, Refused, SourceError, UsageError
from tests.commit_tests.isolation.repositories import commit, make_repository
from tests.support.git import git


@pytest.fixture
def cache(tmp_path: Path) -> RepositoryCache:
    return RepositoryCache(tmp_path / "cache")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = make_repository(tmp_path / "project")
    for number in range(4):
        commit(folder, {"number.txt": f"{number}\n"})
    git(folder, "tag", "-a", "v1", "-m", "one", "HEAD~1")
    git(folder, "branch", "old", "HEAD~3")
    return folder


def shas(folder: Path, *names: str) -> list[str]:
    return [git(folder, "rev-parse", f"{name}^{{commit}}") for name in names]


async def resolved(cache: RepositoryCache, folder: Path, *names: str) -> list[str]:
    repository = await cache.fetch(str(folder))
    return await repository.resolve(names)


NAMES = {
    "head": (["HEAD"], ["HEAD"]),
    "before": (["HEAD~2"], ["HEAD~2"]),
    "branch": (["old"], ["old"]),
    "tag": (["v1"], ["v1"]),
    "range, old first": (["old..main"], ["HEAD~2", "HEAD~1", "HEAD"]),
    "each once": (["HEAD", "main", "v1..HEAD"], ["HEAD"]),
}


@pytest.mark.parametrize(("names", "expected"), NAMES.values(), ids=NAMES)
def test_names_resolve_to_full_shas(
    cache: RepositoryCache, repository: Path, names: list[str], expected: list[str]
) -> None:
    assert asyncio.run(resolved(cache, repository, *names)) == shas(repository, *expected)


def test_a_short_sha_resolves(cache: RepositoryCache, repository: Path) -> None:
    [full] = shas(repository, "HEAD~1")

    assert asyncio.run(resolved(cache, repository, full[:10])) == [full]


def test_a_commit_of_no_branch_is_fetched_by_its_sha(
    cache: RepositoryCache, repository: Path
) -> None:
    git(repository, "checkout", "--quiet", "--detach")
    lost = commit(repository, {"number.txt": "lost"})
    git(repository, "checkout", "--quiet", "main")
    git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")

    assert asyncio.run(resolved(cache, repository, lost)) == [lost]


WRONG_NAMES = {
    "unknown": ("nowhere", "has no commit 'nowhere'"),
    "option": ("--upload-pack=touch x", "looks like an option"),
    "short option": ("-n1", "looks like an option"),
    "three dots": ("old...main", "Invalid range"),
    "open range": ("old..", "Invalid range"),
    "empty range": ("main..old", "is empty"),
    "option in a range": ("old..--output=x", "looks like an option"),
    "a search": ("HEAD^{/x}", "names no commit"),
    "a file": ("HEAD:number.txt", "has no commit"),
    "a space": ("HEAD --all", "names no commit"),
}


@pytest.mark.parametrize(("name", "message"), WRONG_NAMES.values(), ids=WRONG_NAMES)
def test_wrong_names_are_refused_with_a_next_step(
    cache: RepositoryCache, repository: Path, name: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        asyncio.run(resolved(cache, repository, name))
    assert caught.value.hint


def test_a_fetch_brings_new_commits_and_forgets_deleted_branches(
    cache: RepositoryCache, repository: Path
) -> None:
    asyncio.run(resolved(cache, repository, "HEAD"))
    new = commit(repository, {"number.txt": "new"})
    git(repository, "branch", "-D", "old")
    git(repository, "branch", "old/deeper")

    assert asyncio.run(resolved(cache, repository, "HEAD")) == [new]
    with pytest.raises(UsageError):
        asyncio.run(resolved(cache, repository, "old"))


def test_a_fetch_continues_after_a_kill(cache: RepositoryCache, repository: Path) -> None:
    fetched = asyncio.run(cache.fetch(str(repository)))
    (fetched.folder / "packed-refs.lock").touch()
    (fetched.folder / "refs" / "heads" / "main.lock").touch()
    new = commit(repository, {"number.txt": "new"})

    assert asyncio.run(resolved(cache, repository, "HEAD")) == [new]


def test_many_fetches_at_once_agree(cache: RepositoryCache, repository: Path) -> None:
    async def many() -> list[list[str]]:
        tasks = (resolved(cache, repository, "HEAD~1") for _ in range(6))
        return await asyncio.gather(*tasks)

    assert asyncio.run(many()) == [shas(repository, "HEAD~1")] * 6


def test_the_cache_is_for_its_owner_alone(cache: RepositoryCache, repository: Path) -> None:
    asyncio.run(cache.fetch(str(repository)))

    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700


WRONG_ADDRESSES = {
    "program": ("ext::sh -c touch% /tmp/x", Refused),
    "option": ("--upload-pack=x", UsageError),
    "option as host": ("ssh://-oProxyCommand=x/y", UsageError),
    "plain http": ("http://example.org/a.git", Refused),
    "old protocol": ("git://example.org/a.git", Refused),
    "login": ("https://user:hidden@example.org/a.git", Refused),
    "no folder": ("/no/such/folder", UsageError),
}


@pytest.mark.parametrize(("address", "error"), WRONG_ADDRESSES.values(), ids=WRONG_ADDRESSES)
def test_wrong_addresses_are_refused(address: str, error: type[CiStatError]) -> None:
    with pytest.raises(error) as caught:
        read_address(address)
    assert caught.value.hint
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_folders_are_refused_where_the_settings_do_not_allow_them(
    tmp_path: Path, prefix: str
) -> None:
    with pytest.raises(Refused, match="on this machine"):
        read_address(f"{prefix}{tmp_path}", AddressRules(file=False))


ADDRESSES = ["https://example.org/a.git", "ssh://git@example.org/a.git", "git@example.org:a.git"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_known_forms_of_addresses(address: str) -> None:
    assert read_address(address).url == address


def test_a_repository_without_a_commit_says_so(cache: RepositoryCache, tmp_path: Path) -> None:
    empty = make_repository(tmp_path / "empty")

    with pytest.raises(SourceError, match="has no commit"):
        asyncio.run(cache.fetch(str(empty)))


def test_a_checkout_has_the_files_and_is_gone_afterwards(
    cache: RepositoryCache, repository: Path, tmp_path: Path
) -> None:
    async def look() -> str:
        fetched = await cache.fetch(str(repository))
        [sha] = await fetched.resolve(["v1"])
        async with checked_out(fetched, sha, tmp_path / "run") as folder:
            text = (folder / "number.txt").read_text()
            (folder / "locked").mkdir(mode=0)
        assert not (fetched.folder / "worktrees").exists()
        return text

    assert asyncio.run(look()) == "2\n"
    assert not (tmp_path / "run").exists()


def test_hooks_filters_and_monitors_do_not_run_here(
    cache: RepositoryCache, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touched = tmp_path / "touched"
    touch = f"touch {touched}"
    settings = tmp_path / "settings"
    settings.write_text(
        f'[filter "evil"]\n\tsmudge = {touch}\n\tclean = {touch}\n\tprocess = {touch}\n'
        f"[core]\n\tfsmonitor = {touch}\n\thooksPath = {tmp_path}/hooks\n[diff]\n\texternal={touch}"
    )
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        (hooks / hook).write_text(f"#!/bin/sh\n{touch}\n")
        (hooks / hook).chmod(0o755)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text(settings.read_text())
    git(repository, "config", "core.fsmonitor", touch)
    commit(repository, {".gitattributes": "* filter=evil\n", "a.txt": "a"})
    touched.unlink(missing_ok=True)

    async def check_out() -> None:
        fetched = await cache.fetch(str(repository))
        [sha] = await fetched.resolve(["HEAD"])
        async with checked_out(fetched, sha, tmp_path / "run") as folder:
            assert (folder / "a.txt").read_text() == "a"
            (folder / ".git").write_text(f"gitdir: {tmp_path}/evil\n")

    asyncio.run(check_out())

    assert not touched.exists()


def test_submodules_are_not_fetched(
    cache: RepositoryCache, repository: Path, tmp_path: Path
) -> None:
    head = git(repository, "rev-parse", "HEAD")
    (repository / ".gitmodules").write_text(
        '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch /tmp/x"\n'
    )
    git(repository, "add", ".gitmodules")
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{head},x")
    git(repository, "commit", "--quiet", "-m", "submodule")

    async def check_out() -> list[str]:
        fetched = await cache.fetch(str(repository))
        [sha] = await fetched.resolve(["HEAD"])
        async with checked_out(fetched, sha, tmp_path / "run") as folder:
            return sorted(os.listdir(folder / "x"))

    assert asyncio.run(check_out()) == []


def test_an_archive_has_all_files_as_they_are(
    cache: RepositoryCache, repository: Path, tmp_path: Path
) -> None:
    commit(
        repository,
        {
            ".gitattributes": "a.txt export-ignore\nb.txt export-subst\n",
            "a.txt": "",
            "b.txt": "$Format:%H$",
        },
    )

    async def archive() -> None:
        fetched = await cache.fetch(str(repository))
        [sha] = await fetched.resolve(["HEAD"])
        await write_archive(fetched, sha, tmp_path / "a.tar")

    asyncio.run(archive())

    with tarfile.open(tmp_path / "a.tar") as opened:
        assert sorted(opened.getnames()) == [".gitattributes", "a.txt", "b.txt", "number.txt"]
        member = opened.extractfile("b.txt")
        assert member is not None
        assert member.read() == b"$Format:%H$"


def test_a_commit_that_would_fill_the_disk_is_refused(
    cache: RepositoryCache, repository: Path
) -> None:
    """A tree that contains one tree ten times, six levels deep: a million files in few bytes."""
    blob = git(repository, "hash-object", "-w", "--stdin", text="x")
    tree = git(repository, "mktree", text=f"100644 blob {blob}\tx\n")
    for _ in range(6):
        entries = "".join(f"040000 tree {tree}\t{name}\n" for name in "abcdefghij")
        tree = git(repository, "mktree", text=entries)
    bomb = git(repository, "commit-tree", "-m", "bomb", tree)
    git(repository, "branch", "bomb", bomb)

    async def check() -> None:
        fetched = await cache.fetch(str(repository))
        await check_size(fetched.git, bomb, max_files=10_000)

    with pytest.raises(Refused, match="more than 10,000 files"):
        asyncio.run(check())
