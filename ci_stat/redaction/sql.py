"""Passwords in SQL: `IDENTIFIED BY x`, `IDENTIFIED WITH plugin AS x`, `SET PASSWORD = x`, in quotes and without."""

import re

from ci_stat.redaction.entropy import MASK, NOTHING, without_tail

_QUOTED = (
    r"(\\?'(?:[^'\\\r\n]|\\[^'\r\n]|''|\\'(?=\w)){1,500}\\?'|\\?\"(?:[^\"\\\r\n]|\\[^\"\r\n]|\"\"){1,500}\\?\""
    r"|`[^`\r\n]{1,500}`)"
)
_BARE = r"([^\s\"'`]{1,300})"
_HASHED = r"(?:(?:old_)?password\s{0,4}\(\s{0,4})?"
_IDENTIFIED = (
    r"(?i)(\bidentified\s{1,4}(?:(?:with|via)\s{1,4}\S{1,60}\s{1,4})?(?:by|as|using)\s{1,4}"
    rf"(?:(?:password|values)\s{{1,4}})?{_HASHED})"
)
# The old password, which the new one takes the place of.
_REPLACED = r"(?i)(\b(?:identified|set\s{1,4}password)\b[^\r\n]{0,300}?\sreplace\s{1,4})"
# Group 1 stays, group 2 is masked, with its quotation marks.
_STATEMENTS = tuple(
    re.compile(before + _QUOTED)
    for before in (
        _IDENTIFIED,
        r"(?i)(\bset\s{1,4}password\b[^\r\n=]{0,200}=\s{0,4}(?:\w{1,20}\s{0,4}\(\s{0,4})?)",
        _REPLACED,
    )
)
_BARE_IDENTIFIED = re.compile(_IDENTIFIED + _BARE)
# What follows a name with a blank, an `@host` or a quotation mark: `set password for user=ci` says no password.
_BARE_SET = re.compile(
    rf"(?i)(\bset\s{{1,4}}password\b[^\r\n=]{{0,200}}(?:[\s\"'`]|@[\w.%-]{{1,60}})=\s{{0,4}}{_HASHED})"
    + _BARE
)
# People say `the user is identified by its name`; in capitals, or after these words, it is a statement.
_CAPITALS = re.compile(r"IDENTIFIED\s")
_STATEMENT = re.compile(
    r"(?i)\b(?:create|alter)\s{1,4}(?:or\s{1,4}replace\s{1,4})?(?:user|role)\b"
    r"|\bgrant\s{1,4}(?:all|usage|proxy|select|insert|update|delete|create|process|super|replication)\b"
)
_NO_PASSWORD = re.compile(
    r"(?i)[?:@&].*|\$\d+|random|password|values|externally|globally|or|and|with|clause|the|is|a|an"
)
_NEAR = 300  # characters before `identified`


def without_statements(text: str) -> str:
    """`text` with a mask in place of each password of a statement."""
    for pattern in _STATEMENTS:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return _BARE_SET.sub(_masked, _BARE_IDENTIFIED.sub(_if_statement, text))


def _if_statement(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - _NEAR) : match.start()].rpartition(";")[2]
    return _masked(match) if _CAPITALS.match(match[1]) or _STATEMENT.search(before) else match[0]


def _masked(match: re.Match[str]) -> str:
    value = without_tail(match[2])
    if NOTHING.fullmatch(value) or _NO_PASSWORD.fullmatch(value):
        return match[0]
    return f"{match[1]}{MASK}{match[2][len(value) :]}"
