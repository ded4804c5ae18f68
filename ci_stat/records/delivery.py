"""A delivery of a report: its key, its state, and the outcome of sending it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class DeliveryState(StrEnum):
    """The state of a delivery."""

    PREPARING = "preparing"  # a process works on it; nothing was sent
    SENDING = "sending"  # the message may have been sent
    SENT = "sent"
    FAILED = "failed"  # certainly not delivered; the next run tries again
    UNCERTAIN = "uncertain"  # sent without an answer: sent again only with --force


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of sending one message to one server.

    - `state`: SENT, FAILED or UNCERTAIN.
    - `reason`, `hint`: what happened, and what to do next, without secrets.
    - `code`: the server's own code, or the HTTP or SMTP status; None without an answer.
    - `rejected`: the server refused the form of the content; another form may be accepted.
    - `foreign`: it refused text that is not ours (a DLP or word filter); a message without such
      text may be accepted.
    - `message_id`: the server's id of the message, or "".
    """

    state: DeliveryState
    reason: str = ""
    hint: str = ""
    code: int | None = None
    rejected: bool = False
    foreign: bool = False
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryKey:
    """The identity of a delivery, which happens once: a report of a window to a recipient.

    - `report`: `hourly`, `daily`, or their error reports (`hourly-trouble`, ...).
    - `begin`, `end`: the window, ISO 8601 with offset.
    - `audience`: channel and address without secrets: `feishu chat oc_1`, `mail dev@example.com`.
    - `about`: the `names_key` of the report's filter, "" for all names; or its `report_key`.
    - `about_v0`: the same in version 0, to find old rows. It does not count for equality.
    """

    report: str
    begin: str
    end: str
    audience: str
    about: str = ""
    about_v0: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A stored delivery. Times are aware, in UTC.

    - `news_since`: a failure first seen at or after it is new in the message, ISO 8601 with offset;
      "" in rows of older versions.
    - `names`: the `names_key` of the filter of a report with a name.
    """

    key: DeliveryKey
    state: DeliveryState
    owner: str
    started: datetime
    changed: datetime
    tries: int = 1
    form: str = ""
    code: int | None = None
    reason: str = ""
    message_id: str = ""
    news_since: str = ""
    names: str = ""
