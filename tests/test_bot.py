"""examples/bot.py posts a card: run as a user runs it, against a Feishu on loopback."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.support.feishu import Chat, Feishu, Hook, running
from tests.support.feishu.cards import visible_text
from tests.support.rows import row

BOT = Path(__file__).resolve().parents[1] / "examples" / "bot.py"
WINDOW = ("2021-06-19T14:00", "2021-06-19T15:00")
TEAM = "oc_7d8f00000000000000000000000000aa"


@pytest.fixture
def feishu() -> Iterator[Feishu]:
    with running() as server:
        yield server


@pytest.fixture
def database(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'ci.sqlite'}"
    engine = open_engine(url)
    prepare(engine)
    time = datetime(2021, 6, 19, 14, 30)
    failure = {"analysis_res": {"case": ["testPlanSuite.TestReplay"]}}
    write_rows(engine, [row("unit", 1, "FAILURE", pr=7, time=time, **failure)])
    return url


def _post(database: str, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {f"CI_STAT_{key.upper()}": text for key, text in settings.items()}
    return subprocess.run(
        [sys.executable, str(BOT), *WINDOW, *arguments],
        env=environment | {"CI_STAT_URL": database},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_bot_posts_a_card_by_webhook(feishu: Feishu, database: str) -> None:
    process = _post(database, webhook=feishu.hook_url())

    assert (process.returncode, process.stdout) == (0, "sent\n"), process.stderr
    (message,) = feishu.messages
    assert message.msg_type == "interactive"
    assert "testPlanSuite.TestReplay" in visible_text(message.content)


def test_bot_posts_to_the_chat_that_its_option_names(feishu: Feishu, database: str) -> None:
    feishu.chats.append(Chat(TEAM, "CI of the team"))
    app = {
        "app_id": feishu.app_id,
        "app_secret": feishu.app_secret,
        "chat_id": "oc_1",
        "feishu_url": feishu.url,
    }

    process = _post(database, "unit", "--chat", "CI of the team", **app)

    assert process.returncode == 0, process.stderr
    assert [message.chat for message in feishu.messages] == [TEAM]


def test_bot_says_why_a_card_is_not_sent(feishu: Feishu, database: str) -> None:
    feishu.hooks["hook-token"] = Hook(secret="s3cr3t")

    process = _post(database, webhook=feishu.hook_url())

    assert (process.returncode, process.stdout) == (1, "failed\n")
    assert "webhook_secret" in process.stderr
    assert "hook-token" not in process.stderr
    assert feishu.messages == []


def test_bot_needs_a_chat(database: str) -> None:
    process = _post(database)
    assert process.returncode != 0
    assert "webhook" in process.stderr
