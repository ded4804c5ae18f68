"""The keys of `campaign.toml`, as they are read. None: the key is absent."""

from typing import Literal

import msgspec


class FileTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[file]`: what the commit of each pull request changes.

    - `mode`: `new`, a new file with a unique name; `line`, a line in an existing file.
    - `path`: the folder of new files, or the existing file.
    """

    mode: Literal["new", "line"] = "new"
    path: str = ""


class BudgetTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[budget]`: limits of one campaign. 0: no limit."""

    pull_requests: int = 0
    comments: int = 0
    hours: float = 0


class ScheduleTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[schedule]`: daily `at` a time of day in a `zone`."""

    at: str
    zone: str = "UTC"


class ReportTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[report]`: where the verdict goes. Absent or empty: to every channel of the settings."""

    channels: tuple[str, ...] = ()


class CampaignKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All keys. Their meaning is that of `model.Spec`; `preset` sets those that are absent."""

    preset: str | None = None
    repo: str | None = None
    branch: str | None = None
    fork: str | None = None
    count: int | None = None
    stagger_minutes: float | None = None
    title: str | None = None
    body: str | None = None
    labels: tuple[str, ...] | None = None
    draft: bool | None = None
    commands: tuple[str, ...] | None = None
    comment_each: bool | None = None
    contexts: tuple[str, ...] | None = None
    deadline_hours: float | None = None
    grace_minutes: float | None = None
    passed: Literal["close", "keep"] | None = None
    failed: Literal["close", "keep"] | None = None
    kept_limit: int | None = None
    target_rate: float | None = None
    until_decided: bool | None = None
    file: FileTable | None = None
    budget: BudgetTable | None = None
    schedule: ScheduleTable | None = None
    report: ReportTable | None = None
