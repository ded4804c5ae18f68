"""State and plans of version 0 are still valid: nothing is sent twice, nothing is lost."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec import UNSET, structs

from ci_stat.context import Context
from ci_stat.errors import Refused, WriteError
from ci_stat.issues.marker import read
from ci_stat.issues.model import Earlier, IssuePlan, PlanEntry
from ci_stat.issues.plan_files import read_plan, write_plan
from ci_stat.records import (
    DeliveryState,
    IntentState,
    Outcome,
    RunFilter,
    Window,
    WindowFacts,
    names_key,
    names_key_v0,
)
from ci_stat.reports.delivery import DeliveryResult, deliver, delivery_id
from ci_stat.reports.document import report_document
from ci_stat.reports.outgoing import OutgoingReport, outgoing
from ci_stat.reports.recipients import Ticket
from ci_stat.reports.windows import HOURLY
from ci_stat.runs.database import Source
from ci_stat.store.state.deliveries import Deliveries
from ci_stat.store.state.process_id import is_alive
from tests.fixtures.make_version_0 import (
    CHAT,
    FLAKY,
    KILLED,
    MAIL,
    MUTED,
    NEW,
    REFILED,
    SLACK,
    WEBHOOK,
    recipient,
    reports,
)
from tests.support.filing import JOB, World, case, morning
from tests.support.version_0 import PLAN, PLAN_WITHOUT_TOKEN, plan_for, world_of_version_0

ARRIVED = Outcome(DeliveryState.SENT, "ok")


@pytest.fixture
def it(tmp_path: Path) -> Iterator[World]:
    with world_of_version_0(tmp_path) as old:
        yield old


def report_of(it: World, kind: str, wanted: RunFilter, now: datetime) -> OutgoingReport:
    it.at(now)
    report = Context(it.settings).reporter(now).report(kind, wanted)
    return outgoing(report, report_document(report))


def ledger_of(it: World) -> Deliveries:
    return Deliveries(it.state, it.source.name, "host:2:boot.1", it.clock.now, is_alive)


def sent(
    it: World, report: OutgoingReport, names: Sequence[str], tickets: list[Ticket] | None = None
) -> list[DeliveryResult]:
    receivers = [recipient(name, ARRIVED, tickets) for name in names]
    return deliver(report, receivers, ledger_of(it), it.clock.now())


# --- deliveries


def test_what_was_delivered_is_not_sent_again(it: World) -> None:
    for kind, wanted, now in reports(it):
        report = report_of(it, kind, wanted, now + timedelta(hours=2))
        rows = len(ledger_of(it).list(100))
        killed = "feishu chat oc_sending"
        results = sent(it, report, [WEBHOOK, CHAT, SLACK, killed])
        assert [(each.skipped, each.outcome.state) for each in results] == [
            (True, DeliveryState.SENT),
            (True, DeliveryState.UNCERTAIN),
            (True, DeliveryState.UNCERTAIN),
            (True, DeliveryState.UNCERTAIN),
        ]
        assert len(ledger_of(it).list(100)) == rows


def test_what_did_not_arrive_is_sent_once(it: World) -> None:
    for kind, wanted, now in reports(it):
        report = report_of(it, kind, wanted, now + timedelta(hours=2))
        names = [MAIL, "feishu chat oc_preparing"]
        assert all(each.arrived and not each.skipped for each in sent(it, report, names))
        assert all(each.skipped for each in sent(it, report, names))


def test_an_uncertain_attempt_goes_on_under_the_name_that_feishu_knows(it: World) -> None:
    for kind, wanted, now in reports(it):
        report = report_of(it, kind, wanted, now + timedelta(minutes=10))
        key = report.key(CHAT)
        older = replace(key, about=key.about_v0, about_v0="")
        began = next(row.started for row in ledger_of(it).list(100) if row.key == older)

        tickets: list[Ticket] = []
        (result,) = sent(it, report, [CHAT], tickets)
        assert result.arrived

        assert [ticket.attempt for ticket in tickets] == [delivery_id(older, began.isoformat())]


def test_the_report_before_is_found_under_its_old_names(it: World) -> None:
    _, wanted, now = reports(it)[1]
    begin = wanted.window.end.replace(tzinfo=None)
    following = Window.of(begin, begin + timedelta(hours=1), it.zone)
    report = report_of(it, HOURLY, replace(wanted, window=following), now + timedelta(hours=1))
    (before, *_) = ledger_of(it).earlier(report.key(MAIL))
    assert before is not None
    assert (before.state, before.reason) == (DeliveryState.FAILED, "550 no such user")


# --- counts and history


def test_counts_of_whole_windows_and_the_history_stay(it: World) -> None:
    kind, wanted, now = reports(it)[0]
    made = Context(it.settings).reporter(now)
    assert made.counted.stored is not None
    assert made.history.stored is not None
    span = made.history.stored.span()
    assert span is not None

    source = _CountsNothing(it.source.engine, it.source.origin, it.source.logs)
    counted = replace(made.counted, source=source)
    replace(
        made, source=source, counted=counted, history=replace(made.history, source=source)
    ).report(kind, wanted)
    kept = made.history.stored.span()
    assert kept is not None
    # Rules changed since, so logs are read again; what was seen first stays.
    assert kept[0] == span[0]


class _CountsNothing(Source):
    """A source whose windows were all counted before."""

    def window_facts(self, wanted: Sequence[RunFilter]) -> list[WindowFacts]:
        assert list(wanted) == []
        return super().window_facts(wanted)


# --- issues


def test_the_ledger_of_issues_is_read(it: World) -> None:
    ledger = it.tracker().ledger()
    assert ledger.created == {f"case:{FLAKY}": (1,), f"case:{REFILED}": (2, 3)}
    assert set(ledger.mutes) == {f"case:{MUTED}"}
    assert set(ledger.accepted) == {f"case:{NEW}"}
    lost = {
        intent.id: (intent.state, intent.owner)
        for intent in it.ledger()
        if intent.id.startswith("lost:")
    }
    assert lost == {
        f"lost:{state}": (state, KILLED)
        for state in (IntentState.INTENDED, IntentState.UNCERTAIN, IntentState.FAILED)
    }


def test_the_plan_applies(it: World) -> None:
    """As in version 0: one issue is filed, one gets a comment, one is updated."""
    it.at(morning(21))
    plan = read_plan(plan_for(it, it.folder / "plan.json", PLAN))
    applied = it.filer().apply(plan)
    assert applied.stopped == ""
    done = [
        (each.entry.action, each.entry.name, bool(each.skipped or each.failed_write))
        for each in applied.results
    ]
    assert done == [
        ("file", NEW, False),
        ("comment", FLAKY, False),
        ("update", REFILED, False),
    ]
    assert it.duplicates() == []
    assert "Earlier: #2 (closed 2021-06-02)." in it.github.issues[3].body


def test_the_same_plan_is_made_again(it: World) -> None:
    it.at(morning(21))
    old = read_plan(plan_for(it, it.folder / "plan.json", PLAN))
    new = it.plan().plan
    assert new.tracker == old.tracker
    assert without_texts(new) == without_texts(old)


def without_texts(plan: IssuePlan) -> list[PlanEntry]:
    """The entries without what a version may reword."""
    return [structs.replace(entry, draft=None, why="") for entry in plan.entries]


def test_a_plan_without_a_look_at_the_tracker_is_not_applied(it: World) -> None:
    it.at(morning(21))
    plan = read_plan(plan_for(it, it.folder / "plan.json", PLAN_WITHOUT_TOKEN))
    assert not plan.tracker_read
    with pytest.raises(Refused, match="without gh_token"):
        it.filer().apply(plan)


def test_the_reference_to_an_earlier_issue_moves_into_the_marker(it: World) -> None:
    old = read(it.github.issues[3].body)
    assert old is not None
    assert old.earlier is UNSET
    it.post(21)
    new = read(it.github.issues[3].body)
    assert new is not None
    assert new.earlier == Earlier(2, "2021-06-02")


# --- identity is data


def test_rewording_a_note_does_not_make_a_plan_applicable(
    it: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ci_stat.issues.plan.WITHOUT_TRACKER", "nobody looked")
    it.at(morning(21))
    file = it.folder / "plan.json"
    write_plan(replace(it.filer(), tracker=None).plan(it.window(), [JOB]).plan, file)
    plan = read_plan(file)
    assert plan.notes == ("nobody looked",)
    with pytest.raises(Refused, match="without gh_token"):
        it.filer().apply(plan)


def test_rewording_the_footer_loses_no_reference(
    it: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    it.post(21)
    monkeypatch.setattr("ci_stat.issues.text.body.foot", lambda _subject: "Written by a robot.")
    it.run(22.2, case(REFILED))
    it.run(23.2, case(REFILED))
    for day in (22, 23):
        it.post(day)
        body = it.github.issues[3].body
        assert "Written by a robot." in body
        assert "Earlier: #2 (closed 2021-06-02)." in body


@pytest.mark.parametrize("version", [0, 3, None, "1", [], 10**30])
def test_a_plan_of_another_format_is_refused(tmp_path: Path, version: object) -> None:
    fields = json.loads(PLAN.read_text(encoding="utf-8"))
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(fields | {"format": version}))
    with pytest.raises(WriteError, match="another version of ci_stat"):
        read_plan(file)
    del fields["format"]
    file.write_text(json.dumps(fields))
    with pytest.raises(WriteError, match="another version of ci_stat"):
        read_plan(file)


def test_rewording_a_filter_changes_no_key(it: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, wanted, now = reports(it)[1]
    before = report_of(it, kind, wanted, now).key(CHAT)
    for module in (
        "rendering.format",
        "reports.document",
        "reports.data",
        "reports.deliveries_view",
    ):
        monkeypatch.setattr(f"ci_stat.{module}.filters", lambda _names: "only these")
    report = report_of(it, kind, wanted, now)
    assert report.key(CHAT) == before
    assert report.key(CHAT).about_v0 == before.about_v0
    assert all(each.skipped for each in sent(it, report, [WEBHOOK]))


def test_keys_of_version_0_never_change(it: World) -> None:
    names = reports(it)[3][1].names
    assert names_key_v0(names) == (
        "job tidb-unit-test-nightly · repo pingcap/tidb · branch master, v5.0"
    )
    quoted = reports(it)[1][1].names
    assert names_key_v0(quoted) == 'job "odd, job · "x"", tidb-unit-test-nightly'
    assert names_key(quoted) == (
        'v1:{"jobs":["odd, job \\u00b7 \\"x\\"","tidb-unit-test-nightly"]}'
    )
