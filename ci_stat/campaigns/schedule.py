"""When a daily campaign starts, as a time, for cron and for systemd. Pure."""

from datetime import UTC, datetime, timedelta

from ci_stat.campaigns.presets import Schedule


def next_start(schedule: Schedule, now: datetime) -> datetime:
    """The next start after `now` (aware), in the schedule's zone.

    A time that a change of the clocks skips is as many minutes later; one that it repeats is the
    first of both.
    """
    local = now.astimezone(schedule.zone)
    start = datetime.combine(local.date(), schedule.at, schedule.zone)
    # Compared in UTC: Python compares times of one zone by their clocks.
    if start.astimezone(UTC) <= now.astimezone(UTC):
        start = datetime.combine(local.date() + timedelta(days=1), schedule.at, schedule.zone)
    return start.astimezone(UTC).astimezone(schedule.zone)


def crontab_text(schedule: Schedule, command: str) -> str:
    """Lines of a crontab. `%` has a meaning there, so it is escaped."""
    at = schedule.at
    line = f"{at.minute:<2} {at.hour:<2} * * *  {command.replace('%', chr(92) + '%')}"
    return f"# crontab\nCRON_TZ={schedule.zone.key}\n{line}\n"


def timer_text(schedule: Schedule) -> str:
    """A systemd timer, /etc/systemd/system/ci_stat-campaign.timer."""
    return f"""# ci_stat-campaign.timer
[Unit]
Description=ci_stat: stability campaign at {schedule.at:%H:%M} {schedule.zone.key}

[Timer]
OnCalendar=*-*-* {schedule.at:%H:%M} {schedule.zone.key}
Persistent=true

[Install]
WantedBy=timers.target
"""


def service_text(command: str) -> str:
    """A systemd service, /etc/systemd/system/ci_stat-campaign.service."""
    escaped = command.replace("%", "%%")
    return f"""# ci_stat-campaign.service
[Unit]
Description=ci_stat: stability campaign
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=6h
StartLimitBurst=20

[Service]
Type=oneshot
ExecStart={escaped}
TimeoutStartSec=infinity
# The next start continues a campaign whose process was killed; nothing is done twice.
Restart=on-failure
RestartSec=5min
# Not after invalid arguments (2) or settings (4), a busy branch (10), or a verdict (11, 12).
RestartPreventExitStatus=2 4 10 11 12
"""
