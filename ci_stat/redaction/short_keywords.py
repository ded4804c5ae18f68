"""Short keywords with two meanings: `pass: x` in settings is a password, `pass: 12` counts tests.

The text around the keyword decides: a value alone after its key is a setting, more words are prose.
"""

import re

from ci_stat.redaction.entropy import is_call, is_random

# `pwd` is also the command: `works with tab-local pwd: 0.68 ms`.
_SHORT = re.compile(r"(?i)(?:pass|pw|creds?|sk)(?!\w)|pwd: ")
_COLOUR = r"(?:\x1b\[[\d;]{0,20}m){0,4}"
_RESULT = re.compile(
    rf"(?i){_COLOUR}(?:[\d.,/%]+|ok|(?:pass|fail|skip+)(?:ed)?|(?-i:Test|test_|test[A-Z]).*|test"
    rf"|\S*(?:\.go|_test|::|\.py).*){_COLOUR}"
)
_OUTCOME = re.compile(r"(?i)succe\w+|done|complete\w*|unknown|pending|\W+|.{1,3}")
# `options.password`, `def login(user: User, pass: Secret):`
_CODE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\??|\w{1,40}\).*")
# Before a key: the start of the line, a time stamp, or an opening or separating character.
_KEY_BEGINS = re.compile(
    r"(?:^|[\]\[{}(,;|&?>#*+/\"'`-]|:(?=$|[ \t]{2})|\\[nrt]"
    r"|:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)[ \t]{0,60}$"
)
_TAP = re.compile(r"\bok \d{1,9} - ?$")  # `ok 1 - pass: login`
# After a value: the end of the line, a closing or separating character, or the next key.
_VALUE_ENDS = re.compile(
    r"(?m)[ \t]{0,60}(?:\r?$|[#&<,;)}\]|\\\"'`]|[\w.-]{1,40}[\"'`]?[ \t]{0,4}[:=])"
)
_USER = re.compile(
    r"(?i)(?:user(?:[_-]?(?:name|id))?|login|e-?mail|account)[\"'`]?[ \t]{0,4}(?::|=>?)"
    r"[ \t]{0,4}[^\s:=,;]{1,80}"
    r"[\s,;|/&]{1,40}(?:[-*][ \t])?[\"'`]?$"
)
# Counts of tests by outcome, one per line or all on one. In capitals they are headings of a log.
# A second `pass:` does not count: logs repeat themselves.
_COUNTS = re.compile(r"\b(?:fail(?:s|ed|ures?)?|skip(?:s|ped)?)[\"'`]?[ \t]{0,4}[:=]")
_NEAR = 200  # characters


def is_short_keyword(word: str, between: str) -> bool:
    """Whether the keyword is one with two meanings."""
    return _SHORT.match(f"{word}{between}") is not None


def names_password(match: re.Match[str], before: str, value: str, quoted: bool) -> bool:
    """Whether the keyword names a password: `DB_PASS=x`, `pass: x`.

    `before`: the text before the keyword on its line.
    """
    word, between = match["word"], match["between"]
    is_named = before.endswith(("_", "-")) or _follows_user(match, value)

    if _RESULT.fullmatch(value):
        return is_named and value.isdigit() and len(value) > 2
    if word.lower() == "sk":
        return is_random(value)
    if word == "PASS" and not is_named and "=" not in between:
        return False

    is_assignment = not between.strip("=") or between.startswith("%")
    if is_named or quoted or is_assignment or is_random(value, 6):
        return True
    return word in ("pass", "pw", "pwd") and _is_setting(match, before, value)


def _follows_user(match: re.Match[str], value: str) -> bool:
    """Whether a user name precedes: `user: ci, pass: x`, also on two lines."""
    before = match.string[max(0, match.start() - _NEAR) : match.start()]
    return _USER.search(before) is not None and not _CODE.fullmatch(value)


def _is_setting(match: re.Match[str], before: str, value: str) -> bool:
    """Whether key and value stand alone, as in a settings file or in a list."""
    if _OUTCOME.fullmatch(value) or _CODE.fullmatch(value) or is_call(value):
        return False
    if "=" in match["between"] and match["value"].endswith(";"):
        return False  # a statement of a program
    if "/" in value or _TAP.search(before):
        return False  # a path; the name of a test

    is_alone = _KEY_BEGINS.search(before) and _VALUE_ENDS.match(match.string, match.end())
    return is_alone is not None and not _is_count(match)


def _is_count(match: re.Match[str]) -> bool:
    """Whether this line, the one before or the one after counts tests by outcome."""
    text = match.string
    before = text[max(0, match.start() - _NEAR) : match.start()].split("\n")[-2:]
    after = text[match.end() : match.end() + _NEAR].split("\n")[:2]
    return any(_COUNTS.search("\n".join(lines)) for lines in (before, after))
