"""Files on a branch: appended by many at once, read in part, and nothing of anybody lost."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ci_stat.connectors.git.branch import Branch, Change
from ci_stat.errors import SourceError
from tests.support.drawn import FULL
from tests.support.git import files_on, git, remote

NAME = "ci-stat-history"


def add(branch: Branch, **files: str) -> bool:
    contents = {f"{name}.txt": text.encode() for name, text in files.items()}
    return branch.append(lambda _: Change(contents), "Add files", seconds=120)


def texts(branch: Branch) -> dict[str, str]:
    files = branch.fetch()
    contents = branch.read(list(files.values()))
    return {path: text.decode() for path, text in zip(files, contents, strict=True)}


def test_what_is_appended_can_be_read_from_another_place(tmp_path: Path) -> None:
    url = remote(tmp_path / "remote")
    assert Branch(tmp_path / "a", url, NAME).fetch() == {}
    assert add(Branch(tmp_path / "a", url, NAME), first="1", empty="")
    assert add(Branch(tmp_path / "b", url, NAME), second="2\n\0 binary")

    expected = {"first.txt": "1", "empty.txt": "", "second.txt": "2\n\0 binary"}
    assert texts(Branch(tmp_path / "c", url, NAME)) == expected
    assert texts(Branch(tmp_path / "a", url, NAME)) == expected
    assert git(tmp_path / "remote", "rev-list", "--count", NAME) == "2"


def test_a_change_sees_the_newest_files_and_may_remove_some(tmp_path: Path) -> None:
    url = remote(tmp_path / "remote")
    add(Branch(tmp_path / "a", url, NAME), one="1", two="2", three="3")
    seen: list[set[str]] = []

    def change(files: object) -> Change:
        assert isinstance(files, dict)
        seen.append(set(files))
        return Change({"sum.txt": b"3"}, ["one.txt", "two.txt"])

    Branch(tmp_path / "b", url, NAME).append(change, "Replace two files", seconds=10)
    assert seen == [{"one.txt", "two.txt", "three.txt"}]
    assert files_on(tmp_path / "remote", NAME) == ["sum.txt", "three.txt"]


def test_nothing_to_add_makes_no_commit(tmp_path: Path) -> None:
    url = remote(tmp_path / "remote")
    branch = Branch(tmp_path / "a", url, NAME)
    assert not branch.append(lambda _: Change({}), "Nothing", seconds=10)
    assert branch.fetch() == {}


def test_only_the_files_that_are_read_are_downloaded(tmp_path: Path) -> None:
    url = remote(tmp_path / "remote")
    add(Branch(tmp_path / "a", url, NAME), small="1", large="x" * 100_000)
    branch = Branch(tmp_path / "b", url, NAME)
    files = branch.fetch()

    assert branch.read([files["small.txt"]]) == [b"1"]
    listing = git(tmp_path / "b", "rev-list", "--objects", "--missing=print", "refs/ci-stat/branch")
    assert f"?{files['large.txt']}" in listing.splitlines()


@pytest.mark.chaos
@pytest.mark.concurrent
@pytest.mark.parametrize("pushers", [50 if FULL else 8])
def test_many_at_once_lose_nothing(tmp_path: Path, pushers: int) -> None:
    url = remote(tmp_path / "remote")

    def push(number: int) -> bool:
        branch = Branch(tmp_path / f"cache{number}", url, NAME)
        return add(branch, **{f"of{number}": str(number)})

    with ThreadPoolExecutor(pushers) as threads:
        assert all(threads.map(push, range(pushers)))
    assert sorted(files_on(tmp_path / "remote", NAME)) == sorted(
        f"of{number}.txt" for number in range(pushers)
    )
    assert git(tmp_path / "remote", "rev-list", "--count", NAME) == str(pushers)


def test_two_processes_may_share_a_cache(tmp_path: Path) -> None:
    url = remote(tmp_path / "remote")

    def push(number: int) -> bool:
        return add(Branch(tmp_path / "cache", url, NAME), **{f"of{number}": "x"})

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(push, range(4)))
    assert len(files_on(tmp_path / "remote", NAME)) == 4


def test_a_refusal_says_which_right_is_missing(tmp_path: Path) -> None:
    url = remote(tmp_path / "remote")
    hook = tmp_path / "remote" / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'error: denied by a protected branch' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(SourceError, match="protected branch") as caught:
        add(Branch(tmp_path / "a", url, NAME), one="1")
    assert "contents: write" in caught.value.hint


def test_an_absent_remote_is_an_error_without_its_password(tmp_path: Path) -> None:
    url = "https://me:t0psecret@127.0.0.1:9/x.git"
    login = (("http.extraheader", "AUTHORIZATION: basic c2VjcmV0"),)
    with pytest.raises(SourceError) as caught:
        Branch(tmp_path / "a", url, NAME, login).fetch()
    assert "t0psecret" not in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)


def test_a_branch_without_files_is_continued(tmp_path: Path) -> None:
    """Somebody may create the branch by hand. A commit without its parent is refused each time."""
    url = remote(tmp_path / "remote")
    tree = git(tmp_path / "remote", "hash-object", "-w", "-t", "tree", "/dev/null")
    commit = git(tmp_path / "remote", "commit-tree", tree, "-m", "Begin")
    git(tmp_path / "remote", "branch", NAME, commit)
    branch = Branch(tmp_path / "a", url, NAME)
    assert branch.append(lambda _: Change({"one.txt": b"1"}), "Add", seconds=0)
    assert git(tmp_path / "remote", "rev-list", "--count", NAME) == "2"


def test_a_branch_that_can_never_be_created_is_not_tried_for_minutes(tmp_path: Path) -> None:
    url = remote(tmp_path / "remote")
    add(Branch(tmp_path / "a", url, f"{NAME}/other"), one="1")
    with pytest.raises(SourceError, match="cannot create"):
        add(Branch(tmp_path / "b", url, NAME), one="1")


@pytest.mark.parametrize("name", ["HEAD", "config", "config.lock", "shallow.lock"])
def test_a_damaged_cache_is_fetched_anew(tmp_path: Path, name: str) -> None:
    """A killed git leaves its locks, a full disk leaves files cut."""
    url = remote(tmp_path / "remote")
    branch = Branch(tmp_path / "a", url, NAME)
    add(branch, one="1")
    (tmp_path / "a" / name).write_bytes(b"\0")
    assert texts(branch) == {"one.txt": "1"}


def test_a_hook_of_git_does_not_lead_into_its_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, own = remote(tmp_path / "remote"), tmp_path / "own"
    remote(own)
    monkeypatch.setenv("GIT_DIR", str(own))
    monkeypatch.setenv("GIT_INDEX_FILE", str(own / "index"))
    add(Branch(tmp_path / "a", url, NAME), one="1")
    assert texts(Branch(tmp_path / "a", url, NAME)) == {"one.txt": "1"}
    assert git(own, "for-each-ref") == ""


def test_no_part_of_a_password_is_printed_or_kept(tmp_path: Path) -> None:
    for secrets in ("me:p@t0psecret/w0rd@", "t0psecret@"):
        with pytest.raises(SourceError) as caught:
            Branch(tmp_path / "a", f"https://{secrets}127.0.0.1:9/x.git", NAME).fetch()
        assert "t0psecret" not in str(caught.value)
    assert b"t0psecret" not in (tmp_path / "a" / "config").read_bytes()
