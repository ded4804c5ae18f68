"""The rows of campaigns: whole or not at all, and replaced only if they are as they were read."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select

from ci_stat.store.state.campaign_rows import CampaignRow, CampaignRows, ChangedByAnother
from ci_stat.store.state.tables import campaign_probes
from tests.support.hostile import ATTACKS

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
PLACE = "https://api.github.com pingcap/ticdc"


def row(id: str, value: str = "{}", hours: int = 0, branch: str = "main") -> CampaignRow:
    return CampaignRow(id, branch, "running", NOON + timedelta(hours=hours), value)


def test_what_is_stored_is_read(empty_state: Engine) -> None:
    rows = CampaignRows(empty_state, PLACE)
    texts = {position: f"{attack}\U0001f4a5" for position, attack in enumerate(ATTACKS, 1)}
    rows.add(row("b" * 12, "\n".join(ATTACKS), branch="release/8.5"), texts)
    rows.add(row("a" * 12, hours=1), {})
    other = CampaignRows(empty_state, PLACE)
    assert other.rows() == [row("a" * 12, hours=1), rows.row("b" * 12)]
    assert other.probes("b" * 12) == list(texts.values())
    assert other.row("c" * 12) is None
    assert CampaignRows(empty_state, "https://api.github.com pingcap/tidb").rows() == []


def test_the_largest_campaign(empty_state: Engine) -> None:
    """A thousand pull requests, a body of 60,000 characters of three bytes, and long logs."""
    rows = CampaignRows(empty_state, PLACE)
    long = "\u6d4b" * 60_000
    probes = {position: f"probe {position}" for position in range(1, 1_001)}
    rows.add(row("a" * 12, long), probes | {7: long})
    known = rows.row("a" * 12)
    assert known is not None
    assert known.value == long
    stored = rows.probes("a" * 12)
    assert (len(stored), stored[6], stored[-1]) == (1_000, long, "probe 1000")


def test_a_change_by_another_process(empty_state: Engine) -> None:
    ours, theirs = CampaignRows(empty_state, PLACE), CampaignRows(empty_state, PLACE)
    ours.add(row("a" * 12), {1: "planned", 2: "planned"})
    theirs.rows(), theirs.probes("a" * 12)
    theirs.put_probe("a" * 12, 1, "opening")
    theirs.put(row("a" * 12, "theirs"))
    with pytest.raises(ChangedByAnother, match="a" * 12):
        ours.put_probe("a" * 12, 1, "ours")
    with pytest.raises(ChangedByAnother):
        ours.put(row("a" * 12, "ours"))
    ours.put_probe("a" * 12, 2, "nobody else changed this one")
    assert ours.probes("a" * 12) == ["opening", "nobody else changed this one"]
    ours.put_probe("a" * 12, 1, "read first")
    with pytest.raises(ChangedByAnother):
        theirs.put_probe("a" * 12, 1, "theirs")


def test_probes_without_their_campaign_are_no_campaign(empty_state: Engine) -> None:
    """A process that is killed while it stores a campaign leaves probes that nobody sees."""
    rows = CampaignRows(empty_state, PLACE)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    insert, calls = rows._insert, []

    def limited(*arguments: object, **values: object) -> None:
        calls.append(arguments)
        if len(calls) > 2:
            stop()
        insert(*arguments, **values)  # type: ignore[arg-type]

    rows._insert = limited  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        rows.add(row("a" * 12), {1: "one", 2: "two"})
    with empty_state.connect() as connection:
        assert connection.execute(select(func.count()).select_from(campaign_probes)).scalar() == 2
    assert CampaignRows(empty_state, PLACE).rows() == []
