"""The failures of all logs of a campaign, by test."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from ci_stat.campaigns.counting import job_of
from ci_stat.campaigns.model import COUNTED_STATES, Campaign, Failure, JobState, Probe
from ci_stat.campaigns.verdict_model import TestVerdict
from ci_stat.redaction.redact import redacted, redacted_beginning

_STRONGEST = ("issue", "flaky", "new", "")
"""What is said of a failure that is known in several ways."""

_LONGEST = 1_000  # characters of a message; channels show fewer

Occurrence = tuple[Probe, str, Failure]


def failing_tests(campaign: Campaign) -> tuple[TestVerdict, ...]:
    """The failing tests, those of most probes first; names and messages without secrets."""
    by_name: dict[str, list[Occurrence]] = defaultdict(list)
    for probe in campaign.probes:
        for job in probe.jobs:
            if job.state is JobState.FAILED:
                for failure in job.failures:
                    by_name[redacted(failure.name)].append((probe, job.context, failure))
    tests = [_test(campaign, name, entries) for name, entries in by_name.items()]
    return tuple(sorted(tests, key=lambda test: (-test.probes, test.name)))


def _test(campaign: Campaign, name: str, entries: Sequence[Occurrence]) -> TestVerdict:
    jobs = tuple(sorted({job for _, job, _ in entries}))
    failures = [failure for _, _, failure in entries]
    known = min((failure.known for failure in failures), key=_rank)
    messages = (failure.message for failure in failures if failure.message)
    urls = (failure.url for failure in failures if failure.url and failure.known == known)
    return TestVerdict(
        name=name,
        jobs=jobs,
        probes=len({probe.position for probe, _, _ in entries}),
        of=sum(_is_counted(probe, jobs) for probe in campaign.probes),
        message=redacted_beginning(next(messages, ""), _LONGEST),
        known=known,
        url=next(urls, ""),
    )


def _rank(known: str) -> int:
    return _STRONGEST.index(known) if known in _STRONGEST else len(_STRONGEST)


def _is_counted(probe: Probe, jobs: Iterable[str]) -> bool:
    results = (job_of(probe, job) for job in jobs)
    return any(result.state in COUNTED_STATES for result in results if result)
