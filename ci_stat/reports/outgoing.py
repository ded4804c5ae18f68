"""A report that is ready for delivery: its identity and its document."""

from dataclasses import dataclass

from ci_stat.records import DeliveryKey, Names, Window, names_key, names_key_v0
from ci_stat.rendering.document import Document
from ci_stat.reports.model import DataProblem, Report


@dataclass(frozen=True, slots=True)
class OutgoingReport:
    """All that a delivery needs to know about a report.

    - `kind`: `hourly` or `daily`; mails of one kind form one thread.
    - `ledger_kind`: `kind` in the ledger. A data problem has its own, such as `hourly-trouble`, so
      that the report of the same window can follow it.
    """

    kind: str
    ledger_kind: str
    window: Window
    names: Names
    document: Document

    def key(self, recipient: str) -> DeliveryKey:
        """What the ledger delivers once."""
        return DeliveryKey(
            report=self.ledger_kind,
            begin=self.window.begin.isoformat(),
            end=self.window.end.isoformat(),
            audience=recipient,
            about=names_key(self.names),
            about_v0=names_key_v0(self.names),
        )


def outgoing(report: Report, document: Document) -> OutgoingReport:
    """The report with its document."""
    suffix = "-trouble" if isinstance(report, DataProblem) else ""
    ledger_kind = f"{report.kind}{suffix}"
    return OutgoingReport(report.kind, ledger_kind, report.window, report.names, document)
