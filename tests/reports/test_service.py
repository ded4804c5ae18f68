"""`ci-stat report` as a user and a cron job call it: it shows, sends once, and reports errors."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ci_stat.cli.report import FORMS
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.support.busy import HOUR, NOW, run
from tests.support.command import Call
from tests.support.feishu import HTML_PAGE, Chat, Feishu, Hook, Trouble
from tests.support.feishu.cards import live_mentions, visible_text
from tests.support.forks import Forked, fork_command
from tests.support.rows import pull

Post = Callable[..., Any]


def hourly(call: Call, *options: str) -> Any:
    return call("report", "hourly", "--now", NOW, *options)


# What it says


def test_the_numbers_and_what_they_are_beside(uncounted: Engine, call: Call) -> None:
    code, out, err = hourly(call, "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["window"]["begin"] == "2021-06-19T14:00:00+08:00"
    assert report["beside"] == ["1 h before", "usual (median of 14 days)"]
    numbers = {row["name"]: [row["now"], *row["others"]] for row in report["numbers"]}
    assert numbers == {
        "pull requests": [5, 1, 3],
        "jobs": [1, 1, 1],
        "runs": [8, 1, 4],
        "successes": [5, 0, 3],
        "failures": [3, 0, 1],
        "aborts": [0, 1, 0],
    }
    assert [row["name"] for row in report["new_failures"]] == ["s.TestNew", "s.TestNight"]
    (known,) = report["seen_failures"]
    assert (known["name"], known["first_seen"]) == ("s.TestKnown", "2021-06-05T14:00:00+08:00")


def test_the_numbers_are_those_of_the_other_commands(database: Engine, call: Call) -> None:
    report = json.loads(hourly(call, "--json").out)
    summary = json.loads(
        call("summary", "--json", "--begin", "2021-06-19T14", "--end", "2021-06-19T15").out
    )
    assert report["tally"] == summary["together"]
    failures = json.loads(
        call("failures", "--json", "--begin", "2021-06-19T14", "--end", "2021-06-19T15").out
    )
    rows = report["new_failures"] + report["seen_failures"]
    assert {row["name"] for row in rows} == {row["case"] for row in failures["failures"]}


def test_the_same_window_again_says_the_same(uncounted: Engine, call: Call) -> None:
    """Its own failures are in the history by then, and are as new as before."""
    assert hourly(call, "--json").out == hourly(call, "--json").out


def test_a_back_fill_after_later_reports(database: Engine, call: Call) -> None:
    later = hourly(call, "--json").out
    earlier = call("report", "hourly", "--begin", "2021-06-15T14", "--json", "--now", NOW).out
    assert json.loads(earlier)["seen_failures"][0]["first_seen"] == "2021-06-05T14:00:00+08:00"
    assert hourly(call, "--json").out == later


def test_known_issues_are_linked(
    database: Engine, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "known.json"
    file.write_text('{"s.TestKnown": "https://github.com/o/r/issues/9"}')
    monkeypatch.setenv("CI_STAT_KNOWN_ISSUES", str(file))
    out = hourly(call, "--as", "markdown").out
    assert "[known issue](https://github.com/o/r/issues/9)" in out
    file.write_text("{broken")
    assert hourly(call).code == 0  # a report is worth more than its links


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("kind", "begin"), [("hourly", "2021-06-19T14"), ("daily", "2021-06-19")])
def test_every_form_can_be_printed(
    database: Engine, call: Call, kind: str, begin: str, form: str
) -> None:
    code, out, _ = call("report", kind, "--begin", begin, "--as", form, "--now", NOW)
    assert code == 0
    assert "TestKnown" in out
    assert "\x1b" not in out


def test_a_preview_is_the_card(database: Engine, call: Call, tmp_path: Path) -> None:
    page = tmp_path / "card.html"
    code, out, err = hourly(call, "--preview", "--preview-html", str(page))
    assert (code, "card written to" in err) == (0, True)
    assert "s.TestNew" in page.read_text()
    code, out, _ = hourly(call, "--preview")
    assert "s.TestNew" in out
    code, _, err = hourly(call, "--preview-html", str(tmp_path / "no" / "card.html"))
    assert (code, "cannot be written" in err) == (6, True)


# Trouble


def test_no_data_old_data_and_no_database_are_reports_of_their_own(
    database: Engine, webhook: Feishu, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = call("report", "hourly", "--now", "2021-06-20T20:07", "--post")
    assert (code, "No row newer than 2021-06-19 14:12:00" in err) == (9, True)
    code, _, err = call("report", "hourly", "--begin", "2021-06-18T11", "--now", NOW, "--post")
    assert code == 0  # as empty as on all days before
    monkeypatch.setenv("CI_STAT_STALE_HOURS", "25")
    code, _, err = call(
        "report", "hourly", "--begin", "2021-06-20T14", "--now", "2021-06-20T15:07", "--post"
    )
    assert (code, "No runs in this window" in err) == (9, True)
    monkeypatch.setenv("CI_STAT_STATE_URL", f"sqlite:///{tmp_path / 'state.sqlite'}")
    monkeypatch.setenv("CI_STAT_URL", "mysql://reader:hunter2@127.0.0.1:1/ci")
    code, out, err = hourly(call, "--post")
    assert (code, "cannot be reached" in err, "hunter2" in out + err) == (3, True, False)
    texts = [visible_text(message.content) for message in webhook.messages]
    assert [
        "old data" in texts[0],
        "0 runs" in texts[1],
        "no data" in texts[2],
        "database error" in texts[3],
    ] == [True] * 4


def test_usual_silence_is_not_a_problem(database: Engine, webhook: Feishu, call: Call) -> None:
    """There are runs in the afternoon only: nothing is wrong at night."""
    code, _, err = call("report", "hourly", "--now", "2021-06-19T23:07", "--post")
    assert (code, err) == (0, "")
    assert [message.content["header"]["template"] for message in webhook.messages] == ["blue"]
    code, _, err = hourly(call, "--repo", "no/such")
    assert (code, "no run has the repo 'no/such'" in err) == (0, True)


def test_trouble_is_said_once_and_the_report_can_follow(
    database: Engine, webhook: Feishu, call: Call
) -> None:
    begin = ("report", "hourly", "--begin", "2021-06-20T18", "--now", "2021-06-20T19:07", "--post")
    assert [call(*begin).code, call(*begin).code] == [9, 9]
    write_rows(database, [run(HOUR + timedelta(hours=28, minutes=5), 9000)])
    assert call(*begin).code == 0
    titles = [message.content["header"]["title"]["content"] for message in webhook.messages]
    assert titles == ["CI hourly: old data", "CI hourly: 1 run, 0 failures"]


def test_an_empty_table(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'empty.sqlite'}"
    monkeypatch.setenv("CI_STAT_URL", url)
    prepare(open_engine(url))
    code, out, _ = hourly(call)
    assert (code, "The table is empty" in out) == (9, True)


# Sending


def test_dry_unless_told(database: Engine, webhook: Feishu, call: Call) -> None:
    code, _, err = hourly(call)
    assert (code, webhook.requests) == (0, [])
    assert re.search(r"would send it to feishu webhook [0-9a-f]{8} \(--post sends\)", err)
    assert "hook-token" not in err


def test_once_and_only_once(database: Engine, webhook: Feishu, call: Call) -> None:
    first, second = hourly(call, "--post"), hourly(call, "--post")
    assert (first.code, second.code, len(webhook.messages)) == (0, 0, 1)
    assert "sent to feishu webhook" in first.out
    assert "already sent" in second.out
    assert first.err == second.err == ""
    assert hourly(call, "--post", "--force").code == 0
    assert len(webhook.messages) == 2
    table = call("deliveries").out
    assert "hourly" in table
    assert "sent" in table
    (row,) = json.loads(call("deliveries", "--json").out)["deliveries"]
    assert (row["report"], row["state"], row["tries"], row["form"]) == (
        "hourly",
        "sent",
        2,
        "card 2.0",
    )


def fill_disk(tmp_path: Path, state: str) -> None:
    """Refuse to store this state of a call, as SQLite does on a full disk."""
    (file,) = tmp_path.rglob("state.sqlite")
    with open_engine(f"sqlite:///{file}").begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE UPDATE ON outward_calls "
            f"WHEN NEW.state = '{state}' "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )


def test_a_report_that_arrived_while_the_disk_of_our_state_was_full(
    database: Engine,
    webhook: Feishu,
    call: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is not called undelivered, and it is never sent again."""
    assert call("deliveries").code == 0  # the state exists
    fill_disk(tmp_path, "done")
    code, out, err = hourly(call, "--post")
    assert (code, len(webhook.messages)) == (0, 1)
    assert "sent to feishu webhook" in out
    assert re.search(r"sent for feishu webhook \w+, but our own state cannot record it", err)
    assert "not delivered" not in err
    monkeypatch.setattr("ci_stat.context.is_alive", lambda _: False)  # a later process
    code, _, err = hourly(call, "--post")
    assert (code, len(webhook.messages)) == (8, 1)
    assert "outcome uncertain" in err


def test_other_windows_filters_and_kinds_are_other_reports(
    database: Engine, webhook: Feishu, call: Call
) -> None:
    assert hourly(call, "--post").code == 0
    assert hourly(call, "--post", "--repo", "o/r").code == 0
    assert call("report", "daily", "--begin", "2021-06-19", "--now", NOW, "--post").code == 0
    assert call("report", "hourly", "--begin", "2021-06-18T14", "--now", NOW, "--post").code == 0
    assert len(webhook.messages) == 4


def test_by_the_app_and_its_uuid(database: Engine, app: Feishu, call: Call) -> None:
    assert hourly(call, "--post").code == 0
    (message,) = app.messages
    assert (message.way, message.chat, message.msg_type, len(message.uuid)) == (
        "app",
        "oc_1",
        "interactive",
        40,
    )
    (row,) = json.loads(call("deliveries", "--json").out)["deliveries"]
    assert (row["audience"], row["message_id"]) == ("feishu chat oc_1", message.message_id)


def test_the_webhook_is_the_spare_way(
    database: Engine, app: Feishu, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_WEBHOOK", app.hook_url())
    app.chats[0] = Chat("oc_1", "CI Status Report", member=False)
    assert hourly(call, "--post").code == 0
    assert [message.way for message in app.messages] == ["webhook"]


def test_a_refused_form_is_not_a_lost_report(database: Engine, webhook: Feishu, call: Call) -> None:
    refused = (
        b'{"code":11246,"msg":"ErrCode: 200861; '
        b'ErrMsg: schema V2 no longer support this capability; "}'
    )
    for sent in range(4):
        webhook.faults.extend([Trouble(status=200, body=refused)] * sent)
        begin = f"2021-06-{10 + sent}T14"
        assert call("report", "hourly", "--begin", begin, "--now", NOW, "--post").code == 0
    assert [message.msg_type for message in webhook.messages] == [
        "interactive",
        "interactive",
        "post",
        "text",
    ]
    assert [message.content.get("schema") for message in webhook.messages] == [
        "2.0",
        None,
        None,
        None,
    ]
    rows = json.loads(call("deliveries", "--json").out)["deliveries"]
    assert {row["form"] for row in rows} == {"card 2.0", "card 1.0", "post", "text"}


def test_words_that_a_filter_refuses(database: Engine, app: Feishu, call: Call) -> None:
    app.words = ["TestNew"]
    assert hourly(call, "--post").code == 0
    (message,) = app.messages
    assert message.msg_type == "text"
    assert "8 runs" in message.content["text"]
    assert "TestNew" not in message.content["text"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        (Hook(addresses=("10.0.0.1",)), "address"),
        (Hook(keywords=("alarm",)), "webhook_keyword"),
        (Hook(secret="s3cr3t"), "webhook_secret"),
    ],
)
def test_why_it_was_not_delivered_and_what_to_do(
    database: Engine, webhook: Feishu, call: Call, hook: Hook, reason: str
) -> None:
    webhook.hooks["hook-token"] = hook
    code, _, err = hourly(call, "--post")
    assert (code, webhook.messages) == (8, [])
    assert reason in err
    assert "hook-token" not in err


def test_the_keyword_of_a_bot(
    database: Engine, webhook: Feishu, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook.hooks["hook-token"] = Hook(keywords=("alarm",), secret="s3cr3t")
    monkeypatch.setenv("CI_STAT_WEBHOOK_KEYWORD", "alarm")
    monkeypatch.setenv("CI_STAT_WEBHOOK_SECRET", "s3cr3t")
    assert hourly(call, "--post").code == 0
    assert webhook.messages[0].content["header"]["title"]["content"].startswith("alarm CI hourly")


@pytest.mark.usefixtures("quick")
def test_the_next_report_says_that_this_one_did_not_get_through(
    database: Engine, webhook: Feishu, call: Call
) -> None:
    webhook.hooks["hook-token"] = Hook(addresses=("10.0.0.1",))
    assert call("report", "hourly", "--begin", "2021-06-19T13", "--now", NOW, "--post").code == 8
    webhook.hooks["hook-token"] = Hook()
    assert hourly(call, "--post").code == 0
    message = visible_text(webhook.messages[0].content)
    assert "The report for 2021-06-19 13:00 to 2021-06-19 14:00 was not delivered" in message
    assert "was not delivered" not in hourly(call, "--as", "markdown").out


@pytest.mark.usefixtures("quick")
def test_an_uncertain_outcome_is_shown_and_not_sent_again(
    database: Engine, webhook: Feishu, call: Call
) -> None:
    webhook.faults.append(Trouble(path="/open-apis/bot", hang_up="after", after_storing=True))
    code, _, err = hourly(call, "--post")
    assert (code, "uncertain" in err, len(webhook.messages)) == (8, True, 1)
    code, _, err = hourly(call, "--post")
    assert (code, "uncertain" in err, len(webhook.messages)) == (8, True, 1)
    assert "uncertain" in call("deliveries", "--state", "uncertain").out
    assert hourly(call, "--post", "--force").code == 0
    assert len(webhook.messages) == 2


@pytest.mark.usefixtures("quick")
def test_an_app_whose_answer_was_lost_is_asked_again_under_the_same_uuid(
    database: Engine, app: Feishu, call: Call
) -> None:
    app.faults.append(
        Trouble(path="/open-apis/im/v1/messages", hang_up="after", after_storing=True)
    )
    assert hourly(call, "--post").code == 0
    assert len(app.messages) == 1
    sent = [request for request in app.requests if request.path == "/open-apis/im/v1/messages"]
    assert len({json.loads(request.body)["uuid"] for request in sent}) == 1
    assert len(sent) == 2


@pytest.mark.usefixtures("quick")
def test_a_proxys_page_is_no_success(database: Engine, webhook: Feishu, call: Call) -> None:
    webhook.faults.extend(
        [Trouble(status=200, headers={"Content-Type": "text/html"}, body=HTML_PAGE)] * 9
    )
    code, _, err = hourly(call, "--post")
    assert (code, "SECRET-PAGE" in err) == (8, False)


def test_one_channel_that_fails_does_not_stop_the_others(
    database: Engine, webhook: Feishu, call: Call, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    monkeypatch.setenv("CI_STAT_MAIL_HOST", "127.0.0.1")
    monkeypatch.setenv("CI_STAT_MAIL_PORT", "1")
    monkeypatch.setenv("CI_STAT_MAIL_TLS", "none")
    monkeypatch.setenv("CI_STAT_MAIL_FROM", "ci@example.com")
    monkeypatch.setenv("CI_STAT_MAIL_TO", "a@example.com, b@example.com")
    monkeypatch.setenv("CI_STAT_CHANNELS", "mail,feishu")
    code, _, err = hourly(call, "--post")
    assert (code, len(webhook.messages)) == (8, 1)
    assert "Not delivered to mail a@example.com, mail b@example.com." in err


@pytest.mark.parametrize(
    ("key", "value"),
    [("TLS", "startls"), ("CA", "/nonexistent"), ("TO", "not an address"), ("FROM", "a@b@c")],
)
def test_one_channel_that_is_set_up_wrongly_does_not_stop_the_others(
    database: Engine,
    webhook: Feishu,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    value: str,
) -> None:
    for name, usual in {
        "HOST": "127.0.0.1",
        "FROM": "ci@example.com",
        "TO": "you@example.com",
    }.items():
        monkeypatch.setenv(f"CI_STAT_MAIL_{name}", usual)
    monkeypatch.setenv(f"CI_STAT_MAIL_{key}", value)
    code, _, err = hourly(call, "--post")
    assert (code, len(webhook.messages)) == (8, 1)
    assert "Not delivered to mail (set up wrongly)." in err
    assert hourly(call, "--post", "--channel", "mail").code == 4


def test_a_fault_of_ours_costs_one_audience(
    database: Engine, webhook: Feishu, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setenv("CI_STAT_SLACK_WEBHOOK", "http://127.0.0.1:1/services/T/B/x")
    monkeypatch.setenv("CI_STAT_CHANNELS", "slack,feishu")
    monkeypatch.setattr("ci_stat.reports.recipients.slack", broken)
    code, _, err = hourly(call, "--post")
    assert (code, len(webhook.messages)) == (8, 1)
    assert "internal error of ci_stat (ZeroDivisionError)" in err


def test_a_state_that_cannot_be_used_sends_nothing(
    database: Engine, webhook: Feishu, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing could be written down, so nothing could be known to be sent once."""
    monkeypatch.setenv("CI_STAT_STATE_URL", "sqlite:////proc/nope/state.sqlite")
    code, out, err = hourly(call, "--post")
    assert (code, webhook.messages, "The report was not sent" in err) == (8, [], True)
    assert "CI hourly: 8 runs" in out


@pytest.mark.parametrize(
    "given",
    [
        ("--now", "0001-01-01"),
        ("--begin", "0001-01-01T08:00"),
        ("--end", "0001-01-01T00:00"),
        ("--begin", ""),
        ("--begin", "9999-12-31T23:30"),
        ("--begin", "2021-06-19", "--end", "2021-06-18"),
    ],
)
def test_a_window_that_cannot_be_meant(
    database: Engine, call: Call, given: tuple[str, ...]
) -> None:
    for kind in ("hourly", "daily"):
        assert call("report", kind, *given).code in (2, 9)


def test_the_same_names_are_the_same_report(database: Engine, webhook: Feishu, call: Call) -> None:
    for names in (("unit", "lint"), ("lint", "unit"), ("lint", "unit", "unit")):
        assert (
            hourly(call, "--post", *(word for name in names for word in ("--job", name))).code == 0
        )
    assert len(webhook.messages) == 1
    assert hourly(call, "--post", "--job", "lint, unit").code == 0
    assert len(webhook.messages) == 2


def test_a_bot_is_the_same_with_a_blank_behind_it(
    database: Engine, webhook: Feishu, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hourly(call, "--post").code == 0
    monkeypatch.setenv("CI_STAT_WEBHOOK", f" {webhook.hook_url()}\n")
    assert hourly(call, "--post", "--channel", "feishu", "--channel", "feishu").code == 0
    assert len(webhook.messages) == 1


def test_a_report_that_was_never_sent_is_missed(
    database: Engine, webhook: Feishu, call: Call
) -> None:
    """A cron job that did not run, or was killed before it sent, leaves no trace of its own."""
    for begin in ("2021-06-19T11", "2021-06-19T14"):
        assert call("report", "hourly", "--begin", begin, "--now", NOW, "--post").code == 0
    message = visible_text(webhook.messages[1].content)
    assert "No report was sent for 2021-06-19 12:00 to 2021-06-19 14:00" in message


def test_force_without_post(database: Engine, call: Call) -> None:
    assert hourly(call, "--force").code == 2


def test_a_closed_or_full_output_costs_nobody_the_report(
    webhook: Feishu, environment: dict[str, str]
) -> None:
    environment["CI_STAT_WEBHOOK"] = webhook.hook_url()
    with open("/dev/full", "w") as full:
        process = subprocess.run(
            [
                sys.executable,
                "-m",
                "jobs.hourly_report",
                "--now",
                NOW,
                "--post",
            ],
            cwd=Path(__file__).parents[2],
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (process.returncode, len(webhook.messages)) == (6, 1), process.stderr


def test_nobody_to_send_to(database: Engine, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = hourly(call, "--post")
    assert (code, out, "No channel is set up" in err) == (4, "", True)
    monkeypatch.setenv("CI_STAT_APP_ID", "cli_x")
    code, _, err = hourly(call, "--post")
    assert (code, "app_secret, chat_id missing" in err) == (4, True)
    assert hourly(call).code == 0  # a look needs nobody
    monkeypatch.setenv("CI_STAT_CHANNELS", "pigeon")
    code, _, err = hourly(call, "--post")
    assert (code, "pigeon" in err) == (4, True)


def test_hostile_titles_call_nobody(database: Engine, webhook: Feishu, call: Call) -> None:
    webhook.hooks["hook-token"] = Hook(forbids_all=True)
    attack = "<at id=all></at> [x](javascript:alert(1)) \u202e"
    more = {
        "description": pull(9, ghprbPullTitle=attack, ghprbPullAuthorLogin=attack),
        "branch": attack,
    }
    rows = [
        run(
            HOUR + timedelta(minutes=50),
            7000,
            "FAILURE",
            pr=9,
            analysis_res={"case": [attack]},
            **more,
        )
    ]
    write_rows(database, rows)
    assert hourly(call, "--post").code == 0
    assert live_mentions(webhook.messages[0].content) == []


def test_a_chat_by_its_name(
    database: Engine, app: Feishu, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_CHAT_ID", "CI Status Report")
    assert hourly(call, "--post").code == 0
    app.chats.append(Chat("oc_2", "CI Status Report"))
    code, _, err = call("report", "daily", "--begin", "2021-06-18", "--now", NOW, "--post")
    assert (code, "oc_1" in err, "oc_2" in err) == (8, True, True)


# Two at once, and one of them killed


def _cron(environment: dict[str, str], *more: str) -> Forked:
    return fork_command(environment, "report", "hourly", "--now", NOW, "--post", *more)


@pytest.fixture
def environment(uncounted: Engine, tmp_path: Path) -> dict[str, str]:
    ours = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("CI_STAT_", "XDG_", "PATH"))
    }
    return ours | {"CI_STAT_STATE_URL": f"sqlite:///{tmp_path / 'state.sqlite'}"}


def test_two_crons_at_the_same_minute(webhook: Feishu, environment: dict[str, str]) -> None:
    environment["CI_STAT_WEBHOOK"] = webhook.hook_url()
    for begin in ("2021-06-19T14", "2021-06-18T14", "2021-06-17T14"):
        crons = [_cron(environment, "--begin", begin) for _ in range(2)]
        ends = [cron.finish() for cron in crons]
        assert [code for code, _ in ends] == [0, 0], ends
    assert len(webhook.messages) == 3


@pytest.mark.chaos
@pytest.mark.transaction
@pytest.mark.parametrize("way", ["webhook", "app"])
def test_a_cron_killed_while_it_sends(
    feishu: Feishu,
    environment: dict[str, str],
    way: str,
) -> None:
    """The answer is lost. The webhook is not called again; the app is, with the same uuid."""
    ours = {"CI_STAT_WEBHOOK": feishu.hook_url()}
    if way == "app":
        ours = {
            "CI_STAT_FEISHU_URL": feishu.url,
            "CI_STAT_APP_ID": feishu.app_id,
            "CI_STAT_CHAT_ID": "oc_1",
            "CI_STAT_APP_SECRET": feishu.app_secret,
        }
    environment |= ours
    path = "/open-apis/bot" if way == "webhook" else "/open-apis/im/v1/messages"
    feishu.faults.append(Trouble(path=path, delay=20, after_storing=True))
    cron = _cron(environment)
    deadline = time.monotonic() + 30
    while not feishu.messages and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    cron.kill()
    cron.finish()
    code, err = _cron(environment).finish()
    assert len(feishu.messages) == 1
    assert (code, "uncertain" in err) == ((8, True) if way == "webhook" else (0, False)), err


def test_a_length_up_to_the_newest_row(database: Engine, call: Call) -> None:
    newest = call("summary", "--end", "latest", "--json").out
    answer = hourly(call, "--since", "3h", "--end", "latest", "--json")
    window, source = json.loads(answer.out)["window"], json.loads(newest)["source"]
    assert window["end"] == source["end"]
    begin, end = map(datetime.fromisoformat, (window["begin"], window["end"]))
    assert end - begin == timedelta(hours=3)


def test_since_and_begin_contradict_each_other(database: Engine, call: Call) -> None:
    answer = call("report", "daily", "--since", "7d", "--begin", "2021-06-15")
    assert (answer.code, answer.out) == (2, "")
    assert "both set the start" in answer.err
    answer = call("report", "daily", "--since", "1y")
    assert "--since '1y' is not a length of time" in answer.err


def test_secrets_of_logs_reach_no_report(database: Engine, call: Call) -> None:
    token = "gh" + "p_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"
    name = f"fatal: unable to access 'https://ci:{token}@github.com/o/r'"
    late = run(HOUR + timedelta(minutes=20), 6100, "FAILURE", analysis_res={"env": [name]})
    write_rows(database, [late])
    for form in ("json", "terminal", "card", "mail"):
        shown = hourly(call, "--as", form).out
        assert "unable to access" in shown
        assert token not in shown


def test_what_reports_write_is_readable_by_its_owner_only(
    database: Engine,
    webhook: Feishu,
    call: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """State, its journals and the log, also with a generous umask."""
    state, log = tmp_path / "own" / "state.sqlite", tmp_path / "reports.log"
    state.parent.mkdir()
    monkeypatch.setenv("CI_STAT_STATE_URL", f"sqlite:///{state}")
    monkeypatch.setenv("CI_STAT_LOG_FILE", str(log))
    monkeypatch.setenv("CI_STAT_LOG_LEVEL", "debug")
    before = os.umask(0)
    try:
        assert hourly(call, "--post").code == 0
    finally:
        os.umask(before)
    written = [*state.parent.iterdir(), log]
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in written} == {
        "state.sqlite": "0o600",
        "reports.log": "0o600",
    }
