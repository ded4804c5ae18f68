"""Mask passwords in SQL: `IDENTIFIED BY x`, `IDENTIFIED WITH plugin AS x`, `SET PASSWORD = x`."""

import re

from ci_stat.redaction.entropy import MASK, NOTHING, without_closing

_QUOTED = (
    r"(\\?'(?:[^'\\\r\n]|\\[^'\r\n]|''|\\'(?=\w)){1,500}\\?'"
    r"|\\?\"(?:[^\"\\\r\n]|\\[^\"\r\n]|\"\"){1,500}\\?\""
    r"|`[^`\r\n]{1,500}`)"
)
_BARE = r"([^\s\"'`]{1,300})"
_HASHED = r"(?:(?:old_)?password\s{0,4}\(\s{0,4})?"
_IDENTIFIED = (
    r"(?i)(\bidentified\s{1,4}(?:(?:with|via)\s{1,4}\S{1,60}\s{1,4})?(?:by|as|using)\s{1,4}"
    rf"(?:(?:password|values)\s{{1,4}})?{_HASHED})"
)
# The old password, which the statement replaces.
_REPLACED = r"(?i)(\b(?:identified|set\s{1,4}password)\b[^\r\n]{0,300}?\sreplace\s{1,4})"
# Group 1 is kept, group 2 is masked with its quotes.
_STATEMENTS = tuple(
    re.compile(before + _QUOTED)
    for before in (
        _IDENTIFIED,
        r"(?i)(\bset\s{1,4}password\b[^\r\n=]{0,200}=\s{0,4}(?:\w{1,20}\s{0,4}\(\s{0,4})?)",
        _REPLACED,
    )
)
_BARE_IDENTIFIED = re.compile(_IDENTIFIED + _BARE)
# `=` must follow white space, a quote or `@host`: `set password for user=ci` contains no password.
_BARE_SET = re.compile(
    r"(?i)(\bset\s{1,4}password\b[^\r\n=]{0,200}"
    rf"(?:[\s\"'`]|@[\w.%-]{{1,60}})=\s{{0,4}}{_HASHED})" + _BARE
)
# `the user is identified by its name` is prose; in capitals or after these words it is SQL.
_CAPITALS = re.compile(r"IDENTIFIED\s")
_STATEMENT = re.compile(
    r"(?i)\b(?:create|alter)\s{1,4}(?:or\s{1,4}replace\s{1,4})?(?:user|role)\b"
    r"|\bgrant\s{1,4}(?:all|usage|proxy|select|insert|update|delete|create|process|super"
    r"|replication)\b"
)
_NO_PASSWORD = re.compile(
    r"(?i)[?:@&].*|\$\d+|random|password|values|externally|globally|or|and|with|clause|the|is|a|an"
)
_NEAR = 300  # characters before `identified`


def mask_sql_passwords(text: str) -> str:
    """Mask each password in a SQL statement."""
    for pattern in _STATEMENTS:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return _BARE_SET.sub(_masked, _BARE_IDENTIFIED.sub(_masked_in_statement, text))


def _masked_in_statement(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - _NEAR) : match.start()].rpartition(";")[2]
    is_statement = _CAPITALS.match(match[1]) or _STATEMENT.search(before)
    return _masked(match) if is_statement else match[0]


def _masked(match: re.Match[str]) -> str:
    value = without_closing(match[2])
    if NOTHING.fullmatch(value) or _NO_PASSWORD.fullmatch(value):
        return match[0]
    return f"{match[1]}{MASK}{match[2][len(value) :]}"
