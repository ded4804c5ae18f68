"""The keys of a `config.env`: which settings they become, and how their values read."""

import re

from ci_stat.formats.strict_toml import InvalidValue

_MAIL, _FEISHU = "EMAIL_ENABLED", "FEISHU_ENABLED"
SETTINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "GITHUB_TOKEN": ("", ("gh_token",)),
    "LOG_LEVEL": ("", ("log_level",)),
    "LOG_FILE": ("", ("log_file",)),
    "SMTP_SERVER": (_MAIL, ("mail_host",)),
    "SMTP_PORT": (_MAIL, ("mail_port",)),
    "EMAIL_USERNAME": (_MAIL, ("mail_user", "mail_from")),
    "EMAIL_PASSWORD": (_MAIL, ("mail_password",)),
    "EMAIL_TO": (_MAIL, ("mail_to",)),
    "FEISHU_WEBHOOK_URL": (_FEISHU, ("webhook",)),
}
"""Key: the switch that must be true, or "", and the settings that it becomes."""
IGNORED = {"CHECK_INTERVAL_MINUTES": "ci_stat looks as often as the jobs need."}
_CAMPAIGN = (
    "GITHUB_USERNAME",
    "REPO_OWNER",
    "REPO_NAME",
    "BASE_BRANCH",
    "PR_COUNT",
    "PR_TITLE_PREFIX",
    "PR_BODY",
    "TEST_TIMEOUT_HOURS",
    _MAIL,
    _FEISHU,
)
KNOWN = frozenset({*SETTINGS, *IGNORED, *_CAMPAIGN})

_TRUE = frozenset({"true", "1", "yes", "on", "y", "t"})
_FALSE = frozenset({"false", "0", "no", "off", "n", "f"})
_LEVELS = {"warn": "warning", "critical": "error", "fatal": "error", "notset": "debug"}
_PLACEHOLDER = re.compile(r"(?i)(your[-_ ].*|<[^<>]*>|x{3,}|changeme|\*{3,}|ghp_x+)")
_NUMBER = re.compile(r"\d{1,6}(\.\d{1,6})?")


def is_placeholder(value: str) -> bool:
    """Whether a value is what an example has in place of one."""
    return bool(_PLACEHOLDER.fullmatch(value))


def truth_of(key: str, value: str) -> bool:
    """Raises InvalidValue."""
    word = value.lower()
    if word not in _TRUE | _FALSE:
        raise InvalidValue((key,), f"{key} is {value[:40]!r}, not true or false")
    return word in _TRUE


def number_of(key: str, value: str, whole: bool = False) -> float:
    """Raises InvalidValue."""
    match = _NUMBER.fullmatch(value)
    if not match or (whole and match[1]):
        kind = "a whole number" if whole else "a number"
        raise InvalidValue((key,), f"{key} is {value[:40]!r}, not {kind}")
    return float(value)


def setting_of(key: str, value: str) -> str | int:
    """The value as `env.json` has it. Raises InvalidValue."""
    if key == "SMTP_PORT":
        return int(number_of(key, value, whole=True))
    if key == "LOG_LEVEL":
        level = value.lower()
        return _LEVELS.get(level, level)
    return value
