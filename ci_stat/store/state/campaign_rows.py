"""The rows of stability campaigns: a value for each campaign, and one for each of its probes.

Values are JSON texts, which this module does not read. A row is replaced only if it is unchanged
since it was read here, so two processes cannot overwrite each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Table, select, update

from ci_stat.errors import DatabaseError
from ci_stat.store.errors import retry_read
from ci_stat.store.state.compare_and_set import change_row, new_claim, new_token, read_rows
from ci_stat.store.state.stored_values import fitted, tracker_of, utc_moment, utc_text
from ci_stat.store.state.tables import campaign_probes, campaigns
from ci_stat.store.state.writing import insert_missing, write

_c, _p = campaigns.c, campaign_probes.c


class ChangedByAnother(DatabaseError):
    """Another process has changed the campaign since this one read it."""


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign as stored. `started`: aware."""

    id: str
    branch: str
    state: str
    started: datetime
    value: str


class CampaignRows:
    """The campaigns of one repository. `prepare_state` creates the tables.

    All methods raise DatabaseError.
    """

    def __init__(self, engine: Engine, tracker: str) -> None:
        """`tracker`: the address of the forge and the repository."""
        self._engine, self._tracker = engine, tracker_of(tracker)
        self._tokens: dict[tuple[str, int], str] = {}
        self._claim = new_claim()

    def add(self, row: CampaignRow, probes: Mapping[int, str]) -> None:
        """Store a new campaign: its probes first, so that it is whole when it can be read."""
        for position, value in probes.items():
            self._insert(
                campaign_probes, (row.id, position), campaign=row.id, position=position, value=value
            )
        self._insert(
            campaigns,
            (row.id, 0),
            id=row.id,
            branch=row.branch,
            state=row.state,
            started=utc_text(row.started),
            value=row.value,
        )

    def put(self, row: CampaignRow) -> None:
        """Replace a campaign's row. Raises ChangedByAnother."""
        where = (_c.tracker == self._tracker) & (_c.id == row.id)
        self._replace(campaigns, (row.id, 0), where, state=row.state, value=row.value)

    def put_probe(self, campaign: str, position: int, value: str) -> None:
        """Replace a probe's row. Raises ChangedByAnother."""
        is_probe = (_p.campaign == campaign) & (_p.position == position)
        where = (_p.tracker == self._tracker) & is_probe
        self._replace(campaign_probes, (campaign, position), where, value=value)

    def rows(self) -> list[CampaignRow]:
        """All campaigns, the newest first."""
        query = select(campaigns).where(_c.tracker == self._tracker)
        newest_first = query.order_by(_c.started.desc(), _c.id)
        return [self._row(row) for row in read_rows(self._engine, newest_first)]

    def row(self, id: str) -> CampaignRow | None:
        """One campaign."""
        query = select(campaigns).where(_c.tracker == self._tracker, _c.id == id)
        return next((self._row(row) for row in read_rows(self._engine, query)), None)

    def probes(self, campaign: str) -> list[str]:
        """The values of a campaign's probes, by position."""
        query = select(campaign_probes).where(_p.tracker == self._tracker, _p.campaign == campaign)
        rows = read_rows(self._engine, query.order_by(_p.position))
        for row in rows:
            self._tokens[campaign, row.position] = row.token
        return [row.value for row in rows]

    def _row(self, row: Any) -> CampaignRow:
        self._tokens[row.id, 0] = row.token
        return CampaignRow(row.id, row.branch, row.state, utc_moment(row.started), row.value)

    def _insert(self, table: Table, key: tuple[str, int], **values: Any) -> None:
        token = new_token(self._claim)
        value = values.pop("value")
        row = fitted(table, values) | {"tracker": self._tracker, "token": token, "value": value}
        retry_read(lambda: write(self._engine, insert_missing(table).values(row)))
        self._tokens[key] = token

    def _replace(
        self, table: Table, key: tuple[str, int], where: ColumnElement[bool], **values: Any
    ) -> None:
        token = new_token(self._claim)
        is_unchanged = where & (table.c.token == self._tokens.get(key, ""))
        statement = update(table).where(is_unchanged).values(token=token, **values)
        is_ours = select(table.c.token).where(where & (table.c.token == token))
        if not change_row(self._engine, statement, is_ours):
            raise ChangedByAnother(
                f"Another process has changed the campaign {key[0]} meanwhile.",
                "See: ci-stat campaign status",
            )
        self._tokens[key] = token
