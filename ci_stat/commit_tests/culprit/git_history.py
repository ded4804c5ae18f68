"""Reads the commits of a range, and what each touches. Runs git, and nothing of a commit."""

from collections.abc import Sequence

from ci_stat.commit_tests.culprit.model import Commit, CommitRange
from ci_stat.commit_tests.repository.commits import resolve_commit
from ci_stat.commit_tests.repository.program import SafeGit
from ci_stat.errors import UsageError

MAX_SUSPECTS = 10_000
MOST_PATHS = 500  # of one commit; the others are counted
_FORMAT = "%H%x00%T%x00%P%x00%an%x00%aI%x00%s%x00"
_FIELDS = 6
_SHOWN = 12  # characters of a SHA


async def read_range(git: SafeGit, good: str, bad: str) -> CommitRange:
    """The commits after `good` up to `bad` by first parent: what was committed or merged there.

    The good commit may lie on a branch that was merged into the range. Then the range begins where
    that branch left it. Raises UsageError if there is no suspect.
    """
    good_sha, bad_sha = await resolve_commit(git, good), await resolve_commit(git, bad)
    await _check_order(git, good_sha, bad_sha)
    suspects = await _by_first_parent(git, f"{good_sha}..{bad_sha}")
    base_sha = suspects[0].parents[0] if suspects[0].parents else good_sha
    base = await read_commit(git, base_sha)
    notes = []
    if base_sha != good_sha:
        notes.append(
            f"The good commit {good_sha[:_SHOWN]} lies on a branch that was merged. The search"
            f" begins where that branch left: at {base_sha[:_SHOWN]}."
        )
    return CommitRange(base=base, suspects=tuple(suspects), notes=tuple(notes))


async def read_inside(git: SafeGit, merge: Commit) -> CommitRange | None:
    """The commits that a merge brought, and last the merge itself; None if they are not one line.

    The range begins at the commit at which the branch began.
    """
    if len(merge.parents) != 2:
        return None
    main, branch = merge.parents
    brought = await _by_first_parent(git, f"{main}..{branch}")
    if not brought or not brought[0].parents:
        return None
    base = await read_commit(git, brought[0].parents[0])
    return CommitRange(base=base, suspects=(*brought, merge))


async def read_commit(git: SafeGit, sha: str) -> Commit:
    """One commit, by its full SHA. Raises GitFailed."""
    commits = await _read(git, [sha], "--no-walk", sha)
    return commits[0]


async def _check_order(git: SafeGit, good: str, bad: str) -> None:
    if good == bad:
        raise UsageError("The good and the bad commit are the same.", "Name an older good one.")
    if await _is_ancestor(git, good, bad):
        return
    if await _is_ancestor(git, bad, good):
        raise UsageError(
            f"The bad commit {bad[:_SHOWN]} is older than the good one {good[:_SHOWN]}.",
            "Swap them, and use --direction better to find the commit that repaired the test.",
        )
    raise UsageError(
        f"The good commit {good[:_SHOWN]} is no ancestor of the bad one {bad[:_SHOWN]}.",
        f"Name one that is, such as git merge-base {good[:_SHOWN]} {bad[:_SHOWN]}.",
    )


async def _is_ancestor(git: SafeGit, old: str, new: str) -> bool:
    left = await git.run("compare the commits", "rev-list", "--count", f"{new}..{old}")
    return int(left) == 0


async def _by_first_parent(git: SafeGit, revisions: str) -> list[Commit]:
    listed = await git.run(
        *("list the commits", "rev-list", "--reverse", "--first-parent", revisions, "--")
    )
    shas = listed.decode().split()
    if len(shas) > MAX_SUSPECTS:
        raise UsageError(
            f"The range has {len(shas):,} commits, more than {MAX_SUSPECTS:,}.",
            "Name a good commit that is nearer.",
        )
    if not shas:
        return []
    return await _read(git, shas, "--reverse", "--first-parent", revisions)


async def _read(git: SafeGit, shas: Sequence[str], *revisions: str) -> list[Commit]:
    """Read commits whose SHAs are known, in the order of git."""
    output = await git.run(
        *("read the commits", "log", "-z", f"--format={_FORMAT}", "--name-only", "--no-renames"),
        *("--diff-merges=first-parent", "--no-show-signature", "--no-notes", "--no-mailmap"),
        *("--encoding=UTF-8", *revisions, "--"),
    )
    return _commits(output.decode(errors="replace").split("\0"), shas)


def _commits(words: Sequence[str], shas: Sequence[str]) -> list[Commit]:
    """Parse the fields and paths of each commit, which all end with a NUL.

    A path may look like anything, but no file of a commit can have the name of a later commit.
    """
    commits = []
    at = 0
    for number, sha in enumerate(shas):
        assert words[at] == sha, f"git listed {words[at][:60]!r} instead of {sha}"
        fields, at = words[at : at + _FIELDS], at + _FIELDS
        following = shas[number + 1] if number + 1 < len(shas) else ""
        end = words.index(following, at) if following else len(words)
        commits.append(_commit(fields, words[at:end]))
        at = end
    return commits


def _commit(fields: Sequence[str], words: Sequence[str]) -> Commit:
    sha, tree, parents, author, date, subject = fields
    paths = [word.removeprefix("\n") for word in words]
    paths = [path for path in paths if path]
    return Commit(
        sha=sha,
        parents=tuple(parents.split()),
        tree=tree,
        subject=subject,
        author=author,
        date=date,
        paths=tuple(paths[:MOST_PATHS]),
        more_paths=max(0, len(paths) - MOST_PATHS),
    )
