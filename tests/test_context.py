"""The composition root: each thing is opened once a command, and nowhere else."""

import ast
import inspect
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy

import ci_stat
from ci_stat.config import KEYS, Settings, Value
from ci_stat.context import Context
from ci_stat.errors import CiStatError
from ci_stat.store import engine as engine_module
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from ci_stat.store.state import setup as state_setup
from ci_stat.store.state.setup import prepare_state
from tests.support.command import Call
from tests.support.github import GitHub, github_server
from tests.support.logs import go_test, write_log
from tests.support.rows import row

PACKAGE = Path(ci_stat.__file__).parent
NOW = "2021-06-19T00:30"


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A CI database with a failed run and its log; the databases opened since, by file."""
    ci_data = f"sqlite:///{tmp_path / 'ci.sqlite'}"
    database = open_engine(ci_data)
    prepare(database)
    failed = row("tidb-unit-test-nightly", 7, "FAILURE", time=datetime(2021, 6, 18, 23))
    assert write_rows(database, [failed]) == []
    write_log(tmp_path / "logs", failed.job, failed.job_id, go_test("TestA"))
    monkeypatch.setenv("CI_STAT_URL", ci_data)
    monkeypatch.setenv("CI_STAT_STATE_URL", f"sqlite:///{tmp_path / 'state.sqlite'}")
    monkeypatch.setenv("CI_STAT_LOG_DIR", str(tmp_path / "logs"))
    files: list[str] = []
    create_engine = sqlalchemy.create_engine

    def counted(url, **options):  # type: ignore[no-untyped-def]
        files.append(Path(url.database).name)
        return create_engine(url, **options)

    def prepared(engine: sqlalchemy.Engine) -> None:
        files.append("prepared")
        prepare_state(engine)

    monkeypatch.setattr(engine_module, "create_engine", counted)
    monkeypatch.setattr(state_setup, "prepare_state", prepared)
    return files


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    with github_server() as server:
        server.now = datetime(2021, 6, 18, 16, 30, tzinfo=UTC)
        monkeypatch.setenv("CI_STAT_GITHUB_URL", server.url)
        monkeypatch.setenv("CI_STAT_GITHUB_REPO", server.repo)
        monkeypatch.setenv("CI_STAT_GH_TOKEN", server.token)
        yield server


BOTH = ["ci.sqlite", "prepared", "state.sqlite"]


@pytest.mark.parametrize(
    "command",
    [
        ["report", "hourly", "--now", "2021-06-19T00:10"],
        ["report", "daily", "--now", NOW],
        ["deliveries"],
        ["failures", "--begin", "2021-06-18", "--end", "2021-06-19"],
        ["issues", "plan", "--now", NOW],
        ["issues", "explain", "TestA", "--now", NOW],
        ["issues", "history"],
        ["issues", "history", "--mutes"],
        ["issues", "mute", "TestA", "--until", "2999-01-01", "--why", "x"],
    ],
    ids=" ".join,
)
def test_a_command_opens_each_database_once(
    opened: list[str], github: GitHub, call: Call, command: list[str]
) -> None:
    answer = call(*command)
    assert answer.code == 0, answer.err
    assert sorted(opened) == BOTH


@pytest.mark.parametrize("command", [["summary"], ["jobs"], ["prs"], ["export"]], ids=" ".join)
def test_a_command_that_needs_no_state_opens_none(
    opened: list[str], call: Call, tmp_path: Path, command: list[str]
) -> None:
    assert call(*command).code == 0
    assert opened == ["ci.sqlite"]
    assert not (tmp_path / "state.sqlite").exists()


def test_an_import_makes_no_state(opened: list[str], call: Call, tmp_path: Path) -> None:
    lines = tmp_path / "runs.jsonl"
    record = {"job_name": "unit", "job_id": 1, "status": "SUCCESS", "time": "2021-06-19T08:00"}
    lines.write_text(json.dumps(record))
    assert call("import", str(lines)).code == 0
    assert sorted(opened) == ["ci.sqlite", "state.sqlite"]
    assert not (tmp_path / "state.sqlite").exists()


def test_a_state_that_cannot_be_used_is_tried_once(
    opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_STATE_URL", "sqlite:////proc/nope/state.sqlite")
    with Context() as context:
        for _ in range(2):
            with pytest.raises(CiStatError, match="Cannot create the folder /proc/nope"):
                _ = context.state
        assert context.reporter(datetime(2021, 6, 19, tzinfo=UTC)).counted.stored is None
    assert sorted(opened) == ["ci.sqlite", "state.sqlite"], "and no table was looked for"


# Nowhere else: read from the code, so that a module that nobody tests is looked at too


@cache
def _nodes() -> dict[str, list[ast.AST]]:
    """All nodes of each module, parsed once."""
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 200
    trees = {str(file.relative_to(PACKAGE)): ast.parse(file.read_text()) for file in files}
    return {module: list(ast.walk(tree)) for module, tree in trees.items()}


def _users(name: str) -> set[str]:
    """Modules in which a name is used other than by defining it."""
    return {
        module
        for module, nodes in _nodes().items()
        for node in nodes
        if (isinstance(node, ast.Name) and node.id == name)
        or (isinstance(node, ast.Attribute) and node.attr == name)
    }


def _readers(attribute: str) -> set[str]:
    return {
        module
        for module, nodes in _nodes().items()
        for node in nodes
        if isinstance(node, ast.Attribute) and node.attr == attribute
    }


def _callers(name: str) -> set[str]:
    return {
        module
        for module, nodes in _nodes().items()
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    }


def test_only_the_context_opens_a_database() -> None:
    assert _users("create_engine") == {"store/engine.py"}
    assert _users("open_engine") == {"context.py", "test_results/setup.py"}


def test_only_the_context_prepares_our_state() -> None:
    assert _callers("prepare_state") == {"store/state/setup.py"}, "in OwnState, once"
    assert _callers("OwnState") == {"context.py"}


def test_only_the_entries_and_the_context_see_all_settings() -> None:
    """Features receive the group that they need, a secret never but by the client that sends it."""
    entries = {
        *("context.py", "reports/setup.py", "ci_stat.py", "feishu_bot.py", "bug_report.py"),
        "test_results/__init__.py",
    }
    users = {
        module
        for module, nodes in _nodes().items()
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        and node.module in ("ci_stat.config", "ci_stat.config.settings", "ci_stat.config.read")
        and {"Settings", "load"} & {alias.name for alias in node.names}
    }
    others = {m for m in users if not m.startswith(("config/", "cli/"))}
    assert others <= entries
    revealing = _users("reveal")
    setups = {
        f"{room}/setup.py" for room in ("campaigns", "issues", "logs", "reports", "test_results")
    }
    setups.add("test_results/publishing/setup.py")
    assert revealing <= {"context.py", "config/settings.py", *setups}


def test_the_context_hands_over_to_the_setup_of_features() -> None:
    """It opens the databases and calls `setup` modules: no client, no rules of a feature."""
    lines = (PACKAGE / "context.py").read_text().splitlines()
    assert len(lines) <= 300
    imported = {
        node.module or "" for node in _nodes()["context.py"] if isinstance(node, ast.ImportFrom)
    }
    assert not [module for module in imported if module.startswith("ci_stat.connectors")]


def test_no_setting_is_looked_up_by_text() -> None:
    """`Settings` has no method that takes a key; its raw values stay inside `config`."""
    methods = {
        name: list(inspect.signature(method).parameters)
        for name, method in inspect.getmembers(Settings, inspect.isfunction)
        if not name.startswith("_")
    }
    assert methods == {"of_team": ["self", "name"], "secrets": ["self"], "shown": ["self"]}
    # Rooms that may not import settings have `texts` of their own.
    others = ("formats/", "store/")
    assert all(module.startswith(("config/", *others)) for module in _readers("texts"))
    variables = {f"CI_STAT_{key.upper()}" for key in KEYS}
    texts = {
        node.value
        for module, nodes in _nodes().items()
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert texts & variables == set()


def test_a_context_closes_what_it_opened() -> None:
    settings = Settings({"jenkins_url": Value("http://127.0.0.1:1/", "test")})
    closed: list[bool] = []
    with Context(settings) as context:
        client = context.logs.jenkins
        assert context.logs.jenkins is client
        client.close = lambda: closed.append(True)  # type: ignore[method-assign]
    assert closed == [True]
