"""A report that is ready for delivery: its identity, and its document for each recipient."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ci_stat.records import DeliveryKey, Names, Window, names_key, names_key_v0, report_key
from ci_stat.rendering.document import Document
from ci_stat.reports.document import report_document
from ci_stat.reports.missed import TROUBLE, Missed
from ci_stat.reports.model import DataProblem, Report
from ci_stat.reports.notes import notes_on, with_notes


@dataclass(frozen=True, slots=True)
class OwnDocument:
    """The document of one recipient. `news_since`: aware; what is new since then is new in it."""

    document: Document
    news_since: datetime


@dataclass(frozen=True, slots=True)
class OutgoingReport:
    """All that a delivery needs to know about a report.

    - `kind`: `hourly` or `daily`; mails of one kind form one thread.
    - `ledger_kind`: `kind` in the ledger. A data problem has its own, such as `hourly-trouble`, so
      that the report of the same window can follow it.
    - `name`: of the report in the settings, or "": then its filter is its identity.
    - `document`: of a recipient that missed nothing; `own`: of the others, by their names.
    """

    kind: str
    ledger_kind: str
    window: Window
    names: Names
    document: Document
    own: Mapping[str, OwnDocument] = field(default_factory=dict)
    name: str = ""

    @property
    def thread(self) -> str:
        """What the mails of this report have in common."""
        return f"{self.kind} {self.name}" if self.name else self.kind

    @property
    def filter(self) -> str:
        """What the ledger keeps of the filter, if it is not part of the key."""
        return names_key(self.names) if self.name else ""

    def of(self, recipient: str) -> OwnDocument:
        """The document of a recipient."""
        return self.own.get(recipient) or OwnDocument(self.document, self.window.begin)

    def key(self, recipient: str) -> DeliveryKey:
        """What the ledger delivers once."""
        return delivery_key(self.ledger_kind, self.window, self.names, recipient, self.name)


def delivery_key(
    kind: str, window: Window, names: Names, recipient: str, name: str = ""
) -> DeliveryKey:
    """The identity of a report to one recipient. `name`: of the report in the settings."""
    return DeliveryKey(
        report=kind,
        begin=window.begin.isoformat(),
        end=window.end.isoformat(),
        audience=recipient,
        about=report_key(name) if name else names_key(names),
        about_v0="" if name else names_key_v0(names),
    )


def own_documents(
    reports: Mapping[datetime, Report], missed: Mapping[str, Missed], begin: datetime
) -> dict[str, OwnDocument]:
    """The documents by recipient. `reports`: by begin of news; `begin`: of the window, aware."""
    documents = {since: report_document(report) for since, report in reports.items()}
    return {
        name: OwnDocument(with_notes(documents[own.since], notes_on(own, begin)), own.since)
        for name, own in missed.items()
    }


def outgoing(
    report: Report, document: Document, own: Mapping[str, OwnDocument] | None = None
) -> OutgoingReport:
    """The report with its documents."""
    suffix = TROUBLE if isinstance(report, DataProblem) else ""
    return OutgoingReport(
        kind=report.kind,
        ledger_kind=f"{report.kind}{suffix}",
        window=report.window,
        names=report.names,
        document=document,
        own=own or {},
        name=report.name,
    )
