"""Failed jobs of campaigns: where their logs are, and what they say."""

import pytest

from ci_stat.campaigns.job_logs import JobLogs, LogAddress, log_address
from ci_stat.campaigns.model import Failure, JobResult, JobState
from ci_stat.errors import SourceError
from ci_stat.records import CaseFailure, Extraction, LogState

JENKINS = "https://prow.tidb.net/jenkins/"
TICDC = "https://prow.tidb.net/jenkins/job/pingcap/job/ticdc/job/pull_cdc_kafka_heavy"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (f"{TICDC}/71/display/redirect", LogAddress("pingcap/ticdc/pull_cdc_kafka_heavy", 71)),
        (f"{TICDC}/71/", LogAddress("pingcap/ticdc/pull_cdc_kafka_heavy", 71)),
        (f"{TICDC}/71/?x=1", LogAddress("pingcap/ticdc/pull_cdc_kafka_heavy", 71)),
        (f"{JENKINS}job/my%20job/3/console", LogAddress("my job", 3)),
        (
            "https://github.com/o/r/actions/runs/12/job/34",
            LogAddress("", 34, "o/r"),
        ),
        ("https://github.example/o/r/actions/runs/1/job/2?pr=3", LogAddress("", 2, "o/r")),
        (f"{TICDC}/", None),
        (f"{JENKINS}view/all/71", None),
        ("https://other.example/jenkins/job/a/1/", None),
        ("https://prow.tidb.net.evil.example/jenkins/job/a/1/", None),
        ("https://prow.tidb.net/view/gs/x/pull/1/job/2", None),
        ("", None),
    ],
)
def test_where_the_log_is(url: str, address: LogAddress | None) -> None:
    assert log_address(url, JENKINS) == address


def test_without_a_jenkins_no_jenkins_is_asked() -> None:
    assert log_address(f"{TICDC}/71/", "") is None


def logs(extraction: Extraction) -> JobLogs:
    return JobLogs(
        lambda _repo, _job, _number: extraction,
        lambda _job, _number: extraction,
        JENKINS,
        lambda: {"TestKnown": "https://github.com/o/r/issues/7"},
        lambda: frozenset({"TestFlaky"}),
    )


FAILED = JobResult("kafka", JobState.FAILED, f"{TICDC}/71/")


def test_failures_with_what_is_known() -> None:
    names = ("TestKnown", "TestFlaky", "FAIL: x_test.go:9: Suite.TestNew")
    failures = tuple(CaseFailure("case", name, "first\nsecond") for name in names)
    job = logs(Extraction(LogState.READ, failures)).with_failures(FAILED)
    assert job.failures == (
        Failure("TestKnown", "first", "issue", "https://github.com/o/r/issues/7"),
        Failure("TestFlaky", "first", "flaky"),
        Failure("Suite.TestNew", "first", "new"),
    )
    assert job.log_state == ""


@pytest.mark.parametrize(
    ("extraction", "said"),
    [
        (Extraction(LogState.READ), "the log names none"),
        (Extraction(LogState.MISSING, detail="gone after 30 days"), "gone after 30 days"),
        (Extraction(LogState.UNREACHABLE), "unreachable"),
    ],
)
def test_why_there_is_no_failure(extraction: Extraction, said: str) -> None:
    assert logs(extraction).with_failures(FAILED).log_state == said


def test_a_link_to_another_place_is_said() -> None:
    job = JobResult("kafka", JobState.FAILED, "https://other.example/1")
    read = logs(Extraction(LogState.READ)).with_failures(job)
    assert read.log_state == "its link leads to no log that ci_stat can read"


def test_a_source_that_fails_ends_no_campaign() -> None:
    def lost(_repo: str, _job: str, _number: int) -> Extraction:
        raise SourceError("GitHub does not answer.")

    reader = JobLogs(lost, None, "", dict, frozenset)
    job = JobResult("unit", JobState.FAILED, "https://github.com/o/r/actions/runs/12/job/34")
    assert reader.with_failures(job).log_state == "GitHub does not answer."
