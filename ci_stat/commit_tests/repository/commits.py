"""Resolves what people write, such as HEAD~2, a tag or A..B, to full SHAs."""

import re
from collections.abc import Sequence

from ci_stat.commit_tests.repository.program import GitFailed, SafeGit
from ci_stat.errors import UsageError
from ci_stat.escape import visible

FULL_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
MAX_COMMITS = 1000
_NEXT_STEP = "Use a branch, a tag, a SHA, HEAD~2 or a range A..B; `git log` lists commits."


async def resolve_commits(
    git: SafeGit, names: Sequence[str], first_parent: bool = False, limit: int = MAX_COMMITS
) -> list[str]:
    """Return the full SHAs, each once, in the order of the names; a range from old to new.

    `first_parent`: of a range, only what was committed or merged on its branch. Raises UsageError.
    """
    commits: list[str] = []
    for name in names:
        if ".." in name:
            commits += await _range(git, name, first_parent, limit)
        else:
            commits.append(await resolve_commit(git, name))
    unique = list(dict.fromkeys(commits))
    if not unique:
        raise UsageError("No commit is named.", _NEXT_STEP)
    if len(unique) > limit:
        raise UsageError(f"{len(unique):,} commits are more than {limit:,}.", "Name fewer.")
    return unique


async def resolve_commit(git: SafeGit, name: str) -> str:
    """Return the full SHA of one commit. Raises UsageError."""
    shown = visible(name, 120)
    if not name or name.startswith("-"):
        raise UsageError(f"The commit {shown!r} looks like an option.", _NEXT_STEP)
    if any(ord(character) < 33 for character in name) or "^{/" in name or name.startswith(":"):
        raise UsageError(f"{shown!r} names no commit.", _NEXT_STEP)
    try:
        answer = await git.run(
            *("resolve the commit", "rev-parse", "--verify", "--quiet"),
            *("--end-of-options", f"{name}^{{commit}}"),
        )
    except GitFailed:
        raise UsageError(f"The repository has no commit {shown!r}.", _NEXT_STEP) from None
    sha = answer.decode().split()[-1]
    if not FULL_SHA.fullmatch(sha):
        raise UsageError(f"{shown!r} names no commit.", _NEXT_STEP)
    return sha


async def tree_of(git: SafeGit, commit: str) -> str:
    """Return the full SHA of the tree of a commit."""
    answer = await git.run("read the tree", "rev-parse", "--verify", f"{commit}^{{tree}}")
    return answer.decode().strip()


async def _range(git: SafeGit, name: str, first_parent: bool, limit: int) -> list[str]:
    begin, _, end = name.partition("..")
    shown = visible(name, 120)
    if not begin or not end or "." in end[:1] or ".." in end:
        raise UsageError(f"Invalid range {shown!r}.", "Write it with two ends, such as A..B.")
    old, new = await resolve_commit(git, begin), await resolve_commit(git, end)
    options = ["--first-parent"] if first_parent else []
    listed = await git.run(
        *("list the range", "rev-list", "--reverse", "--topo-order", *options),
        f"{old}..{new}",
    )
    commits = listed.decode().split()
    if not commits:
        raise UsageError(
            f"The range {shown!r} is empty.", f"Its begin contains its end; try {end}..{begin}."
        )
    if len(commits) > limit:
        raise UsageError(
            f"The range {shown!r} has {len(commits):,} commits, more than {limit:,}.",
            "Name a shorter range, or only commits of the branch with --first-parent.",
        )
    return commits
