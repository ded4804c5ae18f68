"""Progress, status, list and plan: whole outputs as goldens at 80 and 120 columns."""

import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest

from ci_stat.campaigns.learning import Learnt, LeftOut
from ci_stat.campaigns.model import Budget, Campaign, CampaignState, Ending, FileMode, ProbeState
from ci_stat.campaigns.outlook import RATE_LIMIT, outlook
from ci_stat.campaigns.presets import PRESETS
from ci_stat.campaigns.verdict import verdict
from ci_stat.campaigns.views.list_document import (
    list_data,
    list_document,
    status_data,
    status_document,
)
from ci_stat.campaigns.views.plan_document import plan_data, plan_document
from ci_stat.campaigns.views.progress import progress_document, progress_lines
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.rendering.document import Document
from ci_stat.rendering.terminal.screen import show
from tests.campaigns.verdict.drawn import SPEC, STARTED, campaign, with_target
from tests.support.golden import Golden

NOW = STARTED + timedelta(hours=2, minutes=12)
SHANGHAI = ZoneInfo("Asia/Shanghai")
HOSTILE = "x\n/test all \x1b[31m \u202e"


def terminal(document: Document, width: int) -> str:
    out = StringIO()
    show(on_terminal(document), out, color=False, width=width)
    lines = out.getvalue()
    assert max(map(len, lines.splitlines())) <= width
    return lines


def running() -> Campaign:
    spec = with_target(0.05, until_decided=True)
    drawn = campaign("pp fp pi rp rw rw - - - -", spec, state=CampaignState.RUNNING)
    *probes, last = drawn.probes
    probes[5] = replace(probes[5], state=ProbeState.BLOCKED, reason="conflict in Makefile")
    return replace(drawn, probes=(*probes, last))


def earlier() -> list[Campaign]:
    return [
        campaign("pp pf " + "pp " * 8, started=STARTED - timedelta(days=day), id=f"{day:012x}")
        for day in range(1, 4)
    ]


def check(golden: Golden, name: str, document: Document, data: object, more: str = "") -> None:
    parts = {
        "80 columns": terminal(document, 80),
        "120 columns": terminal(document, 120),
        "JSON": json.dumps(data, indent=1) + "\n",
        "lines": more,
    }
    text = "\n".join(f"{'=' * 20} {part}\n\n{shown}" for part, shown in parts.items() if shown)
    golden.check(f"campaign_{name}.txt", text)


def test_status(golden: Golden) -> None:
    drawn = running()
    judged = verdict(drawn, NOW)
    lines = "".join(f"{line}\n" for line in progress_lines(None, drawn))
    document = status_document(drawn, judged, NOW, SHANGHAI)
    check(golden, "status", document, status_data(drawn, judged), lines)


def test_list(golden: Golden) -> None:
    campaigns = [*earlier(), running()]
    check(golden, "list", list_document(campaigns, SHANGHAI), list_data(campaigns))
    other = replace(campaigns[0], spec=replace(SPEC, branch="release-8.5"))
    assert "pingcap/ticdc release-8.5" in terminal(list_document([*campaigns, other], SHANGHAI), 80)
    assert "… and 2 more campaigns" in terminal(list_document(campaigns, SHANGHAI, 2), 80)
    assert "No campaign has been started." in terminal(list_document([], SHANGHAI), 80)


def test_plan(golden: Golden) -> None:
    spec = replace(PRESETS["ticdc"].spec, target_rate=0.05)
    shown = outlook(spec, STARTED)
    check(golden, "plan", plan_document(spec, shown, SHANGHAI), plan_data(spec, shown))


def test_plan_of_everything_else(golden: Golden) -> None:
    spec = replace(
        SPEC,
        fork="me/ticdc",
        count=100,
        stagger=timedelta(0),
        file_mode=FileMode.LINE,
        file="Makefile",
        labels=("ci",),
        draft=True,
        contexts=(),
        budget=Budget(4, 60, 8),
        failed=Ending.CLOSE,
        target_rate=0.2,
        until_decided=True,
    )
    shown = outlook(spec, STARTED)
    problems = ["The token may not comment at pingcap/ticdc.", HOSTILE]
    document = plan_document(spec, shown, SHANGHAI, problems)
    check(golden, "plan_other", document, plan_data(spec, shown, problems))


def test_plan_with_learnt_jobs(golden: Golden) -> None:
    """Names of other people's jobs stay harmless."""
    left_out = (LeftOut("tide", "tests nothing"), LeftOut(HOSTILE, "ran in 1 of 3 pull requests"))
    learnt = Learnt(("slow", "unit"), (7, 6, 4), left_out, (5,))
    spec = replace(SPEC, contexts=learnt.contexts)
    shown = outlook(spec, STARTED)
    document = plan_document(spec, shown, SHANGHAI, learnt=learnt)
    check(golden, "plan_learnt", document, plan_data(spec, shown, learnt=learnt))


def test_a_hundred_pull_requests_on_paper() -> None:
    """Every half hour one, 6 hours each: 12 are open at once, below the limit of GitHub."""
    shown = outlook(replace(PRESETS["ticdc"].spec, count=100), STARTED)
    assert len(shown.openings) == 100
    assert shown.together == 12
    assert shown.calls.hourly < RATE_LIMIT / 2
    assert shown.end == STARTED + timedelta(minutes=30 * 99, hours=6)


def test_lines_say_only_what_changed() -> None:
    before = campaign("rw -", state=CampaignState.RUNNING)
    after = campaign("pr -", state=CampaignState.RUNNING)
    assert list(progress_lines(before, after)) == [
        "pull request 1: #4001: ✓ pull-cdc-mysql-integration-light: passed",
        "pull request 1: #4001: ~ pull-cdc-kafka-integration-heavy: running",
    ]
    assert list(progress_lines(after, after)) == []
    done = replace(campaign("pp"), reason="the budget is spent")
    assert list(progress_lines(after, done))[-2:] == [
        "pull request 1: #4001: closed",
        "campaign 0123456789ab: done: the budget is spent",
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_hostile_names(width: int) -> None:
    drawn = running()
    spec = replace(drawn.spec, repo=HOSTILE, branch=HOSTILE, contexts=(HOSTILE,))
    probes = tuple(
        replace(
            probe,
            url=HOSTILE,
            reason=HOSTILE,
            jobs=tuple(replace(job, context=HOSTILE) for job in probe.jobs[:1]),
        )
        for probe in drawn.probes
    )
    hostile = replace(drawn, spec=spec, probes=probes, reason=HOSTILE)
    shown = terminal(progress_document(hostile, NOW, SHANGHAI), width)
    lines = "\n".join(progress_lines(None, hostile))
    for text in (shown, lines, terminal(list_document([hostile], SHANGHAI), width)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert not any(line.lstrip().startswith("/") for line in lines.split("\n"))
