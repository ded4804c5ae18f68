"""Short words that name a password here and something else there: `pass: x` of settings, and `pass: 12` of tests.

What stands around the word tells: a value that is alone under its key is one of settings, more words are prose.
"""

import re

from ci_stat.redaction.entropy import is_call, is_random

# Also what `pwd` prints: `works with tab-local pwd: 0.68 ms`.
_BRIEF = re.compile(r"(?i)(?:pass|pw|creds?|sk)(?!\w)|pwd: ")
_COLOUR = r"(?:\x1b\[[\d;]{0,20}m){0,4}"
_RESULT = re.compile(
    rf"(?i){_COLOUR}(?:[\d.,/%]+|ok|(?:pass|fail|skip+)(?:ed)?|(?-i:Test|test_|test[A-Z]).*|test"
    rf"|\S*(?:\.go|_test|::|\.py).*){_COLOUR}"
)
_OUTCOME = re.compile(r"(?i)succe\w+|done|complete\w*|unknown|pending|\W+|.{1,3}")
# `options.password`, `def login(user: User, pass: Secret):`
_CODE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\??|\w{1,40}\).*")
# Before a key: the line's beginning, a log's time, or a sign that opens or parts something.
_KEY_BEGINS = re.compile(
    r"(?:^|[\]\[{}(,;|&?>#*+/\"'`-]|:(?=$|[ \t]{2})|\\[nrt]|:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)[ \t]{0,60}$"
)
_TAP = re.compile(r"\bok \d{1,9} - ?$")  # `ok 1 - pass: login`
# After its value: the end, a sign that closes or parts something, or the next key.
_VALUE_ENDS = re.compile(
    r"(?m)[ \t]{0,60}(?:\r?$|[#&<,;)}\]|\\\"'`]|[\w.-]{1,40}[\"'`]?[ \t]{0,4}[:=])"
)
_USER = re.compile(
    r"(?i)(?:user(?:[_-]?(?:name|id))?|login|e-?mail|account)[\"'`]?[ \t]{0,4}(?::|=>?)[ \t]{0,4}[^\s:=,;]{1,80}"
    r"[\s,;|/&]{1,40}(?:[-*][ \t])?[\"'`]?$"
)
# Tests by their outcome, one a line or all on one. In capitals it is the log that says where what follows is from. A
# second `pass:` says nothing: logs repeat themselves.
_TALLY = re.compile(r"\b(?:fail(?:s|ed|ures?)?|skip(?:s|ped)?)[\"'`]?[ \t]{0,4}[:=]")
_NEAR = 200  # characters


def is_brief(word: str, between: str) -> bool:
    """Whether it is one of these words."""
    return _BRIEF.match(f"{word}{between}") is not None


def names_password(match: re.Match[str], before: str, value: str, quoted: bool) -> bool:
    """Whether the word of `match` is a password's: `DB_PASS=x`, `pass: x`. `before`: it, on its line."""
    word, between = match["word"], match["between"]
    named = before.endswith(("_", "-")) or _is_beside_user(match, value)
    if _RESULT.fullmatch(value):
        return named and value.isdigit() and len(value) > 2
    if word.lower() == "sk":
        return is_random(value)
    if word == "PASS" and not named and "=" not in between:
        return False
    if named or quoted or not between.strip("=") or between.startswith("%"):
        return True
    return is_random(value, 6) or (
        word in ("pass", "pw", "pwd") and _is_entry(match, before, value)
    )


def _is_beside_user(match: re.Match[str], value: str) -> bool:
    """`user: ci, pass: x`, also on two lines."""
    before = match.string[max(0, match.start() - _NEAR) : match.start()]
    return _USER.search(before) is not None and not _CODE.fullmatch(value)


def _is_entry(match: re.Match[str], before: str, value: str) -> bool:
    """Whether key and value stand by themselves, as in a file of settings or in a list."""
    if _OUTCOME.fullmatch(value) or _CODE.fullmatch(value) or is_call(value):
        return False
    if "=" in match["between"] and match["value"].endswith(";"):
        return False  # a line of code
    if "/" in value or _TAP.search(before):
        return False  # a folder, and a test's name
    alone = _KEY_BEGINS.search(before) and _VALUE_ENDS.match(match.string, match.end())
    return alone is not None and not _in_tally(match)


def _in_tally(match: re.Match[str]) -> bool:
    """Whether tests are told by outcome on this line, the one before or the one after."""
    text = match.string
    before = text[max(0, match.start() - _NEAR) : match.start()].split("\n")[-2:]
    after = text[match.end() : match.end() + _NEAR].split("\n")[:2]
    return any(_TALLY.search("\n".join(lines)) for lines in (before, after))
