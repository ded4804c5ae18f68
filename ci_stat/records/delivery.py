"""A message on its way: what became of it (`Outcome`), and what our own state keeps of it (`Delivery`)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PREPARING = "preparing"  # somebody works on it, and nothing has left this machine
    SENDING = "sending"  # the message may be on its way
    SENT = "sent"
    FAILED = "failed"  # for certain not delivered; the next run tries again
    UNCERTAIN = "uncertain"  # sent, and no answer that says whether it arrived: not sent again unless asked for


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message at one far end.

    - `state`: SENT, FAILED or UNCERTAIN.
    - `reason`, `hint`: what happened, and what to do; no secret is in them.
    - `code`: the far end's own code, or the HTTP or SMTP status; None where there was no answer.
    - `rejected`: the far end refused the content's form; another form of the same report may pass.
    - `foreign`: it refused words of others (a DLP or word filter); only a message without them may pass.
    - `message_id`: what the far end calls the message; "" where it gives no name.
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
    """What may be delivered once: a report of a window to an audience.

    - `report`: `hourly`, `daily`, or their troubles (`hourly-trouble`, ...).
    - `begin`, `end`: the window, ISO 8601 with offset.
    - `audience`: channel and address without secrets, e.g. `feishu chat oc_1`, `mail dev@example.com`.
    - `about`: the names that the report was narrowed to, as `names_key` spells them; "" for all.
    - `about_v0`: the same as version 0 of the key spelled them. It only helps to find old rows: keys that differ in
      nothing else are equal.
    """

    report: str
    begin: str
    end: str
    audience: str
    about: str = ""
    about_v0: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the ledger. Times are aware, in UTC."""

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
