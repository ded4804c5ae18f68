"""Decides which branch is the default branch of each repository. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ci_stat.test_results.flakiness.model import Basis, DefaultBranch

USUAL = ("main", "master", "trunk", "develop")

RunCounts = Mapping[tuple[str, str], int]
"""Runs outside of pull requests by repository and branch."""


def default_branch(counts: RunCounts, options: Sequence[str], setting: str) -> DefaultBranch:
    """The branches of `--branch`, else of the setting, else that with most runs of a repository.

    Runs that name no branch count only if no run of the repository names one. Of branches with as
    many runs, the usual names come first.
    """
    repos = {repo for repo, _ in counts}
    if options:
        return DefaultBranch(dict.fromkeys(repos, tuple(options)), Basis.OPTION)
    if setting:
        return DefaultBranch(dict.fromkeys(repos, (setting,)), Basis.SETTING)

    branches: dict[str, dict[str, int]] = defaultdict(dict)
    for (repo, branch), count in counts.items():
        branches[repo][branch] = count
    names = {repo: (_most_runs(by_name),) for repo, by_name in branches.items()}
    has_branch = any(name for (name,) in names.values())
    return DefaultBranch(names, Basis.MOST_RUNS if has_branch else Basis.NO_BRANCH)


def _most_runs(counts: Mapping[str, int]) -> str:
    def order(branch: str) -> tuple[bool, int, int, str]:
        place = USUAL.index(branch) if branch in USUAL else len(USUAL)
        return (not branch, -counts[branch], place, branch)

    return min(counts, key=order)
