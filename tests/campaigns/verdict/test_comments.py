"""The last comments at pull requests: what they say, and that no bot acts on them."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.campaigns.model import Ending, Failure, JobResult, JobState, Probe
from ci_stat.campaigns.views.comments import MAX_BODY, closing_comment, final_comment
from tests.campaigns.verdict.drawn import JOBS, SPEC, campaign
from tests.support.golden import Golden

MARKER = "<!-- ci_stat campaign v1 0123456789ab 1 0000000000000001 -->"
COMMAND = re.compile(r"(?m)^\s*/")
"""Where a bot looks for commands: at the begin of a line."""


def probe(drawing: str, failures: tuple[Failure, ...] = ()) -> Probe:
    drawn = campaign(drawing, failures={(1, JOBS[0]): failures})
    return replace(drawn.probes[0], base_sha="c0ffee" * 6 + "c0ff")


def test_what_comments_say(golden: Golden) -> None:
    known = (
        Failure("TestA", "panic: boom", "issue", "https://github.com/pingcap/ticdc/issues/77"),
        Failure("TestB", "", "flaky"),
        Failure("TestC", "exit 1", "new"),
        Failure("TestD"),
    )
    failed = probe("fi", known)
    unread = replace(failed.jobs[0], failures=(), log_state="the log is gone", reruns=2)
    comments = {
        "passed": final_comment(SPEC, probe("pp"), Ending.CLOSE, MARKER),
        "failed": final_comment(SPEC, failed, Ending.KEEP, MARKER),
        "unread": final_comment(SPEC, replace(failed, jobs=(unread,)), Ending.KEEP),
        "nothing failed": final_comment(SPEC, probe("pn"), Ending.KEEP),
        "closed for newer ones": closing_comment(20, "https://github.com/pingcap/ticdc/pull/9"),
    }
    text = "\n".join(f"{'=' * 20} {name}\n\n{body}" for name, body in comments.items())
    golden.check("campaign_comments.md", text)


@pytest.mark.parametrize(
    "line",
    ["/test all", "\n/test all", "x\r\n/retest", "```\n/close", "\u2028/lgtm", "a\n\n  /approve"],
)
def test_a_log_line_is_no_command(line: str) -> None:
    hostile = probe("fp", (Failure(line, line, "issue", line),))
    (job, *others) = hostile.jobs
    job = replace(job, context=line, reason=line, url=line, log_state=line)
    spec = replace(SPEC, branch=line)
    body = final_comment(spec, replace(hostile, jobs=(job, *others)), Ending.KEEP, MARKER)
    assert not COMMAND.search(body)
    assert not re.search(r"(?m)^\s*(```|~~~)", body)
    assert body.count("<!--") == 1


@pytest.mark.property
@given(st.text(max_size=60), st.text(max_size=200))
def test_no_text_of_others_begins_a_line(name: str, message: str) -> None:
    body = final_comment(SPEC, probe("fp", (Failure(name, message),)), Ending.KEEP)
    assert not COMMAND.search(body)
    assert all(re.match(r"$|### |- |  - |Base: |This pull", line) for line in body.split("\n"))


def test_secrets_and_private_hosts_are_masked() -> None:
    secret = "ghp_" + "a1B2" * 9
    failures = (Failure(f"clone {secret}", "http://db.corp.example/x failed"),)
    body = final_comment(SPEC, probe("fp", failures), Ending.KEEP, hosts=("*.corp.example",))
    assert secret not in body
    assert "corp.example" not in body


def test_a_comment_fits_github_and_counts_what_it_omits() -> None:
    failures = tuple(Failure(f"Test{n}" + "x" * 190, "m" * 400) for n in range(12))
    jobs = tuple(
        JobResult(f"job-{n}", JobState.FAILED, failures=failures, url="https://ci.example/1")
        for n in range(40)
    )
    body = final_comment(SPEC, replace(probe("fp"), jobs=jobs), Ending.KEEP)
    assert len(body) <= MAX_BODY
    assert "more failures" in body

    bare = tuple(JobResult("job-" + "x" * 150, JobState.FAILED) for _ in range(1000))
    body = final_comment(SPEC, replace(probe("fp"), jobs=bare), Ending.KEEP, MARKER)
    assert len(body) <= MAX_BODY
    assert body.startswith(MARKER)
    assert "1,000 of 1,000 expected jobs failed" in body
