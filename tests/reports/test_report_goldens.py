"""Complete reports in every channel.

They show a busy day, a quiet hour, an outage, an empty window and a database that is down.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest

from ci_stat.demo import generate_rows
from ci_stat.records import RunFilter, Window
from ci_stat.rendering.as_markdown import as_markdown
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.rendering.as_text import as_text
from ci_stat.rendering.document import Document
from ci_stat.rendering.feishu.forms import APP_BYTES, WEBHOOK_BYTES, forms, webhook_bytes
from ci_stat.rendering.mail import mail
from ci_stat.rendering.slack import slack, slack_plain
from ci_stat.rendering.terminal import screen
from ci_stat.reports.counted_windows import CountedWindows
from ci_stat.reports.document import report_document
from ci_stat.reports.failure_history import FailureHistory
from ci_stat.reports.model import DataProblem, Report, WindowReport
from ci_stat.reports.service import Reporter
from ci_stat.reports.windows import DAILY, HOURLY
from ci_stat.runs.database import Source
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from ci_stat.store.state.failure_history import StoredSightings
from ci_stat.store.state.setup import prepare_state
from ci_stat.store.state.window_counts import StoredCounts
from tests.support.feishu.cards import check
from tests.support.golden import Golden
from tests.support.results import SHANGHAI, TIDB_ORIGIN

DAYS = 10  # of the demo: the outage is on the last


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """The demo's database, under a name that is the same everywhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("demo"))
        engine = open_engine("sqlite:///ci.sqlite")
        prepare(engine)
        write_rows(engine, list(generate_rows(days=DAYS)))
        prepare_state(open_engine("sqlite:///state.sqlite"))
        yield Source(engine, TIDB_ORIGIN)


def reporter(source: Source, now: datetime) -> Reporter:
    engine = open_engine("sqlite:///state.sqlite")
    return Reporter(
        source,
        CountedWindows(source, StoredCounts(engine, source.name), now),
        FailureHistory(source, StoredSightings(engine, source.name), now),
        now,
        known_issues={"testevictsuite.testevictunderpressure": "https://github.com/o/r/issues/1"},
    )


def report_of(source: Source, kind: str, begin: datetime, minutes_after: int = 13) -> Report:
    end = begin + timedelta(days=1 if kind == DAILY else 0, hours=0 if kind == DAILY else 1)
    now = end.replace(tzinfo=SHANGHAI) + timedelta(minutes=minutes_after)
    return reporter(source, now).report(kind, RunFilter(Window.of(begin, end, SHANGHAI)))


def busy_day(source: Source) -> Report:
    return report_of(source, DAILY, datetime(2021, 6, 10))


def quiet_hour(source: Source) -> Report:
    return report_of(source, HOURLY, datetime(2021, 6, 13, 5))


def outage(source: Source) -> Report:
    return report_of(source, HOURLY, datetime(2021, 6, 16, 14))


def empty_window(source: Source) -> Report:
    return report_of(source, HOURLY, datetime(2021, 6, 18, 10))


def dead_database(_source: Source) -> Report:
    engine = open_engine("mysql://reader:hunter2@127.0.0.1:1/sync_ci_data")
    return report_of(Source(engine, TIDB_ORIGIN), HOURLY, datetime(2021, 6, 16, 14))


SITUATIONS = [busy_day, quiet_hour, outage, empty_window, dead_database]


def _terminal(document: Document) -> str:
    out = StringIO()
    screen.show(on_terminal(document), out, color=False, width=110)
    return out.getvalue()


def _mail(document: Document) -> str:
    message = mail(
        document,
        kind="hourly",
        sender="ci@example.com",
        recipient="you@example.com",
        domain_of_ids="example.com",
        unique="golden",
        date=datetime(2021, 6, 16, tzinfo=UTC),
    )
    heads = "".join(
        f"{name}: {value}\n" for name, value in message.items() if name != "Content-Type"
    )
    return heads + "".join(
        f"\n---- {part.get_content_type()}\n{part.get_content()}"
        for part in message.walk()
        if part.get_content_maintype()
        == "text"  # not the picture, which changes with the drawing library
    ).replace("\r\n", "\n")


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_what_people_get(source: Source, golden: Golden, situation: object) -> None:
    assert callable(situation)
    document = report_document(situation(source))
    name = f"report_{situation.__name__}"  # type: ignore[attr-defined]
    for form in forms(document, webhook_bytes, WEBHOOK_BYTES):
        if form.msg_type == "interactive":
            assert check(form.content) == []
        golden.check(
            f"{name}_{form.name.replace(' ', '_').replace('.', '_')}.json", _json(form.content)
        )
    golden.check(f"{name}_terminal.txt", _terminal(document))
    golden.check(f"{name}_mail.txt", _mail(document))
    golden.check(f"{name}.md", as_markdown(document))
    golden.check(f"{name}_slack.json", _json(slack(document)))


def test_the_numbers_of_an_outage_add_up(source: Source) -> None:
    """What it has of the window, and what is listed besides, are all failures of the window."""
    report = outage(source)
    assert isinstance(report, WindowReport)
    (row,) = report.outages
    listed = sum(job.tally.failure - job.in_outage for job in report.jobs)
    assert row.runs_here + listed == report.tally.failure
    words = as_text(report_document(report), 1_000)
    here = f"{row.runs_here} of the {report.tally.failure} failed runs of this window"
    before = f"with the {row.runs - row.runs_here} before it, {row.runs} of {row.prs} pull requests"
    assert f"{here}; {before}" in words


def test_no_secret_in_any_of_them() -> None:
    folder = Path(__file__).parents[1] / "golden"
    assert not [
        file.name
        for file in folder.glob("report_*")
        if "hunter2" in file.read_text(encoding="utf-8")
    ]


# Sizes


def long_report(source: Source, begin: datetime, days: int) -> Report:
    end = begin + timedelta(days=days)
    now = end.replace(tzinfo=SHANGHAI) + timedelta(minutes=13)
    return reporter(source, now).report(DAILY, RunFilter(Window.of(begin, end, SHANGHAI)))


def chat_forms(document: Document) -> Iterator[tuple[str, str]]:
    """The name of each form for a chat, and its content as text."""
    for most in (WEBHOOK_BYTES, APP_BYTES):
        for form in forms(document, webhook_bytes, most):
            yield f"{form.name}, {most} bytes", json.dumps(form.content, ensure_ascii=False)
    yield "slack", json.dumps(slack(document), ensure_ascii=False)
    yield "slack, plain", json.dumps(slack_plain(document), ensure_ascii=False)


@pytest.mark.parametrize(
    ("first", "days"),
    [(7, 1), (8, 1), (9, 1), (10, 1), (11, 1), (12, 1), (13, 1), (14, 1), (8, 7), (6, 10)],
)
def test_no_chat_form_drops_a_row_of_the_main_counts(source: Source, first: int, days: int) -> None:
    report = long_report(source, datetime(2021, 6, first), days)
    assert not isinstance(report, DataProblem)
    document = report_document(report)
    names = [number.name for number in report.numbers]
    assert names[-4:] == ["runs", "successes", "failures", "aborts"]
    cut = 0
    for form, content in chat_forms(document):
        assert [name for name in names if name not in content] == [], form
        cut += "… and " in content
    assert cut >= 5, "the lists are long, and what they lack is counted"


@pytest.mark.parametrize(
    ("kind", "days", "columns"),
    [
        (DAILY, 1, ("1 day before", "a week before")),
        (DAILY, 2, ("2 days before", "a week before")),
        (DAILY, 4, ("4 days before",)),  # there are no rows of a week before
        (DAILY, 7, ("7 days before",)),
        (HOURLY, 1, ("1 day before", "usual (median of 8 days)")),
        (HOURLY, 2, ("2 days before",)),
    ],
)
def test_no_two_columns_of_a_report_are_the_same_window(
    source: Source, kind: str, days: int, columns: tuple[str, ...]
) -> None:
    end = datetime(2021, 6, 16) if days != 4 else datetime(2021, 6, 12)
    window = Window.of(end - timedelta(days=days), end, SHANGHAI)
    now = window.end + timedelta(minutes=13)
    report = reporter(source, now).report(kind, RunFilter(window))
    assert not isinstance(report, DataProblem)
    assert report.baselines == columns
    assert all(len(number.others) == len(columns) for number in report.numbers)
