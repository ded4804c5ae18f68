"""Tokens: random, hashed at rest, in a file of their own."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ci_stat.commit_tests.server.tokens import Tokens
from ci_stat.errors import SettingsError, UsageError

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path / "folder" / "tokens.json")


def test_token_names_its_user_and_no_other_does(tokens: Tokens) -> None:
    first, second = tokens.add("ann", NOW), tokens.add("bob", NOW)
    assert tokens.user_of(first) == "ann"
    assert tokens.user_of(second) == "bob"
    for wrong in ("", first[:-1], first + "x", first.upper(), "é" * 40, "\ud800"):
        assert tokens.user_of(wrong) is None


def test_file_holds_no_token_and_only_its_owner_reads_it(tokens: Tokens) -> None:
    token = tokens.add("ann", NOW)
    assert token.removeprefix("cst_") not in tokens.path.read_text()
    assert tokens.path.stat().st_mode & 0o777 == 0o600
    assert len(token) > 40
    assert token != tokens.add("ann", NOW)


def test_token_that_was_added_by_another_process_counts_at_once(tokens: Tokens) -> None:
    assert not tokens.exist
    token = Tokens(tokens.path).add("ann", NOW)
    assert tokens.user_of(token) == "ann"
    assert Tokens(tokens.path).remove("ann") == 1
    assert tokens.user_of(token) is None
    assert not tokens.exist


def test_file_that_others_can_use_is_refused(tokens: Tokens) -> None:
    tokens.add("ann", NOW)
    tokens.path.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        Tokens(tokens.path).user_of("x")


def test_damaged_file_is_named(tokens: Tokens) -> None:
    tokens.add("ann", NOW)
    tokens.path.write_text("[{]")
    with pytest.raises(SettingsError, match="damaged"):
        Tokens(tokens.path).user_of("x")


@pytest.mark.parametrize("user", ["", "a\x1b[31m", "x" * 201])
def test_invalid_user_is_refused(tokens: Tokens, user: str) -> None:
    with pytest.raises(UsageError):
        tokens.add(user, NOW)
