"""A verdict in all channels: whole outputs as goldens, and hostile names that stay harmless."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest

from ci_stat.campaigns.model import Campaign, CampaignState, Failure
from ci_stat.campaigns.verdict import verdict
from ci_stat.campaigns.verdict_model import Baseline, Verdict
from ci_stat.campaigns.views.verdict_chat import verdict_markdown
from ci_stat.campaigns.views.verdict_data import verdict_data
from ci_stat.campaigns.views.verdict_document import verdict_document
from ci_stat.rendering.as_markdown import as_markdown
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.rendering.as_text import as_text
from ci_stat.rendering.document import Document
from ci_stat.rendering.feishu.forms import WEBHOOK_BYTES, fitted_card, forms, webhook_bytes
from ci_stat.rendering.mail import mail
from ci_stat.rendering.slack import slack
from ci_stat.rendering.terminal.screen import show
from tests.campaigns.verdict.drawn import JOBS, STARTED, campaign, with_target
from tests.support.feishu.cards import check
from tests.support.golden import Golden

NOW = STARTED + timedelta(hours=8)
SHANGHAI = ZoneInfo("Asia/Shanghai")
HOSTILE = "/test all\n/retest @everyone \x1b[31m `` <!-- ci_stat --> <at id=all></at> | #1 [x](y)"


def terminal(document: Document, width: int) -> str:
    out = StringIO()
    show(on_terminal(document), out, color=False, width=width)
    return out.getvalue()


def mixed() -> Verdict:
    failures = {
        (3, JOBS[0]): (
            Failure(
                "TestSinkManager/close",
                "panic: timeout after 10m",
                "issue",
                "https://github.com/pingcap/ticdc/issues/77",
            ),
        ),
        (6, JOBS[1]): (
            Failure("G07/ddl_reentrant", "exit 1", "new"),
            Failure("TestSinkManager/close", "panic: timeout after 10m"),
        ),
    }
    today = campaign("pp pp fp pp pi pf pp pp pp ti", with_target(0.05), failures=failures)
    earlier = [
        campaign("pp " * 10, started=STARTED - timedelta(days=day), id=f"{day:012x}")
        for day in range(1, 14)
    ]
    history = {JOBS[0]: Baseline(240, 10, "ci_data, 30 days")}
    return verdict(today, NOW, earlier, history)


def of(drawing: str, spec_target: float = 0, until_decided: bool = False) -> Verdict:
    state = CampaignState.RUNNING if set(drawing) & set("rw") else CampaignState.DONE
    spec = with_target(spec_target, until_decided)
    return verdict(campaign(drawing, spec, state=state), NOW)


SITUATIONS: dict[str, Callable[[], Verdict]] = {
    "mixed": mixed,
    "all_passed": lambda: of("pp " * 10, 0.05),
    "one_run": lambda: of("pp"),
    "no_result": lambda: of("ii " * 10),
    "running_until_decided": lambda: of("pp pp pr ww - -", 0.05, True),
    "decided_above": lambda: of("ff ff ff", 0.05, True),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_what_people_get(name: str, golden: Golden) -> None:
    judged = SITUATIONS[name]()
    document = verdict_document(judged, SHANGHAI)
    parts = {
        "80 columns": terminal(document, 80),
        "120 columns": terminal(document, 120),
        "chat": verdict_markdown(judged, SHANGHAI),
        "JSON": json.dumps(verdict_data(judged), indent=1) + "\n",
    }
    text = "\n".join(f"{'=' * 20} {part}\n\n{content}" for part, content in parts.items())
    golden.check(f"campaign_verdict_{name}.txt", text)


@pytest.mark.parametrize("name", SITUATIONS)
def test_terminals_are_wide_enough(name: str) -> None:
    document = verdict_document(SITUATIONS[name](), SHANGHAI)
    for width in (80, 120):
        assert max(map(len, terminal(document, width).splitlines())) <= width


def test_all_channels_say_the_same() -> None:
    document = verdict_document(mixed(), SHANGHAI)
    message = mail(
        document,
        kind="campaign",
        sender="ci@example.com",
        recipient="you@example.com",
        domain_of_ids="example.com",
        unique="verdict",
        date=datetime(2026, 11, 30, tzinfo=UTC),
    )
    body = message.get_body(("plain",))
    assert body
    shown = {
        "card": json.dumps(fitted_card(document), ensure_ascii=False),
        "slack": json.dumps(slack(document), ensure_ascii=False),
        "mail": body.get_content(),
        "markdown": as_markdown(document).replace("\\", ""),
        "text": as_text(document, 200),
    }
    for channel, content in shown.items():
        flat = " ".join(content.split())
        assert "6 of 8" in flat, channel
        assert "3.2%" in flat.replace("&#46;", "."), channel
        assert "infra 1" in flat, channel


@pytest.mark.parametrize("name", SITUATIONS)
def test_cards_are_valid(name: str) -> None:
    document = verdict_document(SITUATIONS[name](), SHANGHAI)
    for form in forms(document, webhook_bytes, WEBHOOK_BYTES):
        if form.msg_type == "interactive":
            assert check(form.content) == []


def hostile() -> Campaign:
    failures = {(1, JOBS[0]): (Failure(HOSTILE, HOSTILE, "issue", "javascript:alert(1)"),)}
    drawn = campaign("fp pp", failures=failures)
    spec = replace(drawn.spec, repo=HOSTILE, branch=HOSTILE, contexts=(HOSTILE, *JOBS))
    probes = tuple(
        replace(probe, jobs=(*probe.jobs, replace(probe.jobs[0], context=HOSTILE)))
        for probe in drawn.probes
    )
    return replace(drawn, spec=spec, probes=probes, reason=HOSTILE)


def test_hostile_names_are_harmless() -> None:
    judged = verdict(hostile(), NOW, baselines={"": Baseline(1, 1, HOSTILE)})
    document = verdict_document(judged, SHANGHAI)
    texts = [
        terminal(document, 80),
        as_markdown(document),
        verdict_markdown(judged, SHANGHAI),
        as_text(document),
    ]
    for text in texts:
        assert "\x1b" not in text
    for text in texts[1:3]:
        assert not re.search(r"(?m)^\s*/", text)
        assert "javascript" not in text
        assert not re.search(r"<!--\s*ci_stat", text)
        assert "@everyone" not in text
    assert json.loads(json.dumps(verdict_data(judged)))["repo"] == HOSTILE
