"""The campaigns of one repository in our state, as values."""

from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec

from ci_stat.campaigns.model import Campaign, CampaignState, Probe
from ci_stat.errors import UsageError
from ci_stat.store.damage import stored_value
from ci_stat.store.state.campaign_rows import CampaignRow, CampaignRows

OPEN = frozenset({CampaignState.RUNNING, CampaignState.CANCELLING})
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ledger:
    """Reads and writes campaigns. All methods raise DatabaseError."""

    rows: CampaignRows

    def add(self, campaign: Campaign) -> None:
        """Store a new campaign."""
        probes = {probe.position: _text(probe) for probe in campaign.probes}
        self.rows.add(_row(campaign), probes)

    def put(self, campaign: Campaign) -> None:
        """Store the campaign's own state, without its probes."""
        self.rows.put(_row(campaign))

    def put_probe(self, campaign: Campaign, probe: Probe) -> Campaign:
        """Store a probe, and return the campaign with it."""
        self.rows.put_probe(campaign.id, probe.position, _text(probe))
        return with_probe(campaign, probe)

    def with_orders(self, campaign: Campaign) -> Campaign:
        """The campaign with the state that somebody may have given it meanwhile."""
        row = self.rows.row(campaign.id)
        if row is None or row.state == campaign.state:
            return campaign
        return replace(_read(row.value, Campaign), probes=campaign.probes)

    def open_on(self, branch: str) -> Campaign | None:
        """The campaign on a base branch that has not ended."""
        rows = (row for row in self.rows.rows() if row.state in OPEN)
        campaigns = (self._whole(row) for row in rows)
        return next((one for one in campaigns if one.spec.branch == branch), None)

    def all(self) -> list[Campaign]:
        """All campaigns, the newest first."""
        return [self._whole(row) for row in self.rows.rows()]

    def get(self, id: str) -> Campaign:
        """The campaign whose id begins so; the newest for "". Raises UsageError."""
        rows = [row for row in self.rows.rows() if row.id.startswith(id)]
        if not rows:
            raise _unknown(id)
        if id and len(rows) > 1:
            names = ", ".join(row.id for row in rows[:5])
            raise UsageError(f"Several campaigns begin with {id[:40]!r}: {names}.", "Write more.")
        return self._whole(rows[0])

    def open_one(self, id: str = "") -> Campaign:
        """The campaign that has not ended, whose id begins so; the only one for "".

        Raises UsageError.
        """
        if id:
            campaign = self.get(id)
            if campaign.state not in OPEN:
                raise UsageError(f"The campaign {campaign.id} has ended.", "See: ci-stat campaign")
            return campaign
        still_open = [one for one in self.all() if one.state in OPEN]
        if not still_open:
            raise UsageError("No campaign is open.", "Start one: ci-stat campaign start")
        if len(still_open) > 1:
            names = ", ".join(f"{one.id} on {one.spec.branch}" for one in still_open)
            raise UsageError(f"Several campaigns are open: {names}.", "Name one of them.")
        return still_open[0]

    def _whole(self, row: CampaignRow) -> Campaign:
        probes = tuple(_read(value, Probe) for value in self.rows.probes(row.id))
        return replace(_read(row.value, Campaign), probes=probes)


def _unknown(id: str) -> UsageError:
    if id:
        return UsageError(f"No campaign has the id {id[:40]!r}.", "See: ci-stat campaign list")
    return UsageError("There is no campaign yet.", "Start one: ci-stat campaign start")


def with_probe(campaign: Campaign, probe: Probe) -> Campaign:
    """The campaign with a newer value of one probe."""
    probes = tuple(probe if one.position == probe.position else one for one in campaign.probes)
    return replace(campaign, probes=probes)


def _row(campaign: Campaign) -> CampaignRow:
    own = _text(replace(campaign, probes=()))
    return CampaignRow(
        campaign.id, campaign.spec.branch, campaign.state.value, campaign.started, own
    )


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _read(text: str, type: type[T]) -> T:
    with stored_value("campaigns in our state"):
        return msgspec.json.decode(text, type=type)
