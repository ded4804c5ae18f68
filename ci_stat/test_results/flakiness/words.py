"""How counts, windows and exclusions read in all outputs about flaky tests."""

from collections.abc import Iterator

from ci_stat.rendering.document import cut
from ci_stat.rendering.format import percent, plural
from ci_stat.statistics.intervals import Interval
from ci_stat.test_results.flakiness.exclusions import LeftOut
from ci_stat.test_results.flakiness.model import Basis, Counts, DefaultBranch, TestWindow
from ci_stat.test_results.labels_text import label_pairs

_BRANCHES = 3  # branches that are named


def counts_words(counts: Counts, one: str) -> str:
    """E.g. `3 of 12 commits (25.0%, 8.9–53.2%)`. `one`: what is counted."""
    share, interval = percent(counts.share), interval_words(counts.interval)
    return f"{counts.count:,} of {plural(counts.total, one)} ({share}, {interval})"


def interval_words(interval: Interval) -> str:
    """A 95 % interval, e.g. `8.9–53.2%`."""
    return f"{100 * interval.low:.1f}–{percent(interval.high)}"


def window_words(window: TestWindow) -> str:
    """The window and its filter."""
    filter = window.filter
    names = [("job", filter.jobs), ("repo", filter.repos), ("branch", filter.branches)]
    parts = [f"[{window.begin:%Y-%m-%d %H:%M}, {window.end:%Y-%m-%d %H:%M}) UTC"]
    parts += [f"{kind} {cut(', '.join(values), 200)}" for kind, values in names if values]
    if filter.labels:
        labels = label_pairs(filter.labels)
        parts.append(f"label {cut(labels, 200)}")
    return " · ".join(parts)


def left_out_words(left_out: LeftOut) -> str:
    """What does not count, and why, e.g. `Left out: 1 of 40 runs (1 during 1 outage).`"""
    parts = _left_out_runs(left_out)
    if left_out.steady_results:
        results = plural(left_out.steady_results, "result")
        tests = plural(left_out.steady_tests, "test")
        parts.append(f"{results} of {tests} that failed 4 times in a row or more")
    return f"Left out: {'; '.join(parts)}." if parts else "Every run and result counts."


def left_out_runs_words(left_out: LeftOut) -> str:
    """The same of runs only, for answers in which steady failures count."""
    parts = _left_out_runs(left_out)
    return f"Left out: {parts[0]}." if parts else "Every run counts."


def _left_out_runs(left_out: LeftOut) -> list[str]:
    runs = left_out.total_runs
    reasons = ", ".join(_run_reasons(left_out))
    return [f"{runs:,} of {plural(left_out.runs, 'run')} ({reasons})"] if runs else []


def _run_reasons(left_out: LeftOut) -> Iterator[str]:
    if left_out.incomplete:
        yield f"{left_out.incomplete:,} with files that are not whole"
    if left_out.partial:
        yield f"{left_out.partial:,} with less than half of the usual tests"
    if left_out.mass_failures:
        yield f"{left_out.mass_failures:,} in which many tests failed at once"
    if left_out.outage_runs:
        yield f"{left_out.outage_runs:,} during {plural(left_out.outages, 'outage')}"


def branch_words(branch: DefaultBranch) -> str:
    """The default branch, e.g. `main`."""
    names = [name or "without a branch" for name in branch.words]
    more = f" and {len(names) - _BRANCHES:,} more" if len(names) > _BRANCHES else ""
    return f"{', '.join(cut(name, 80) for name in names[:_BRANCHES])}{more}" or "no branch"


def on_branch_words(branch: DefaultBranch) -> str:
    """Where the rates are from, e.g. `on main`."""
    if branch.basis is Basis.NO_BRANCH:
        return "without a branch"
    return f"on {branch_words(branch)}"


def basis_words(branch: DefaultBranch) -> str:
    """How the default branch is known."""
    return {
        Basis.OPTION: "named by --branch",
        Basis.SETTING: "the setting default_branch",
        Basis.MOST_RUNS: "the branch with most runs outside of pull requests",
        Basis.NO_BRANCH: "no run names a branch",
    }[branch.basis]
