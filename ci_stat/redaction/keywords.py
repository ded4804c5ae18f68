"""Secrets by the word before them: `password=x` in the many ways in which files, programs and people write it.

Words that can mean nothing else (`password=`) mask what follows whatever it is. Words with a life of their own
(`token:`) mask what looks drawn by lot: an excerpt whose tokens and test names are torn helps nobody.
"""

import re
from collections.abc import Callable

from ci_stat.redaction.entropy import MASK, NOTHING, bare, has_digit, is_call, is_random
from ci_stat.redaction.short_keywords import is_brief, names_password

_WORDS = (
    r"pass(?:word|wd|phrase|code)|pwd|secret[_-]?key(?:[_-]?base)?|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?"
    r"|account[_-]?key|shared[_-]?access[_-]?(?:key|signature)|private[_-]?key|signing[_-]?key|encryption[_-]?key"
    r"|key[_-]?data|auth|credentials?|session[_-]?(?:id|key)|jwt|webhook|client[_-]?key|kube[_-]?config"
    r"|(?<![a-z])(?:pass|pw|creds?|sk)|(?-i:(?<=[a-z])Pass)"
)
_QUOTED = r"\\?\"(?:[^\"\\\r\n]|\\[^\"\r\n]){1,2000}\\?\"|'[^'\r\n]{1,2000}'|`[^`\r\n]{1,2000}`"
_ASSIGNED = re.compile(
    rf"(?i)(?P<word>{_WORDS})\d{{0,3}}"
    rf"(?P<between>\\?[\"'`]?\]?(?:[ \t]{{0,4}}(?::=|=>|==|=|:|%3[AaDd])[ \t]{{0,4}}|[ \t]{{1,4}}(?=[\"'`])))"
    rf"(?P<value>{_QUOTED}|[^\s\"'`&<>]{{1,200}})"
)
_FLAG = re.compile(
    rf"(?i)(?<![\w-])--?[\w-]{{0,40}}?(?P<word>{_WORDS})(?P<between>[ \t]{{1,4}})"
    rf"(?P<value>{_QUOTED}|[^\s\"'`-][^\s\"'`&<>]{{0,199}})"
)
_REST = re.compile(r"[^\s\"'`&<>]*")  # of a value of which 200 signs were enough to tell what it is
_SURE = re.compile(
    r"(?i)pass(?:word|wd|phrase)|pwd|secret[_-]?key|account[_-]?key|shared|key[_-]?data"
)
_PARSING = re.compile(
    r"(?i)(?:expected|illegal|invalid|next|got|bad|unknown|syntax|parse[rd]?)[\w :,'\"-]{0,20}$"
)
# The working directory, and the command that prints it; files of keys.
_FOLDER = re.compile(
    r"(?i)pwd[\"'\]=:> ]*(?:[/~]|[a-z]:[\\/])"
    r"|(?:kube[_-]?config|client[_-]?key)\W{1,8}?(?:[/~.]|\S*[/.](?:pem|key|ya?ml)$)"
)
_PUBLIC = re.compile(r"(?i)public[_-]?(?:key[_-]?)?$")  # `PublicKeyToken=`
_OF_TEST = re.compile(r"(?:(?<![A-Za-z])(?:Test|Benchmark|Example|Fuzz)|::test)[\w/.:-]{0,80}$")
_AROUND = 100  # characters before a word that say what sort of text it is


def without_named(text: str) -> str:
    """`text` with a mask in place of what is named: `password=x`, `--password x`."""
    return _each(_FLAG, _flag, _each(_ASSIGNED, _assigned, text))


def _each(pattern: re.Pattern[str], mask: Callable[[re.Match[str]], str | None], text: str) -> str:
    """What follows each word, masked where `mask` says how. Where it says None the next word may be what followed."""
    parts, at, done = [], 0, 0
    while match := pattern.search(text, at):
        shown = mask(match)
        at = match.start("value") if shown is None else match.end()
        if shown is not None:
            parts += [text[done : match.start()], shown]
            rest = _REST.match(text, at) if len(match["value"]) == 200 else None
            done = at = rest.end() if rest else at
    return "".join((*parts, text[done:]))


def _assigned(match: re.Match[str]) -> str | None:
    """`password=x` in the many ways in which files, programs and people write it."""
    before = match.string[max(0, match.start() - _AROUND) : match.start()].rpartition("\n")[2]
    value, between = bare(match["value"]), match["between"]
    if _means_nothing(match, before, value):
        return None
    quoted = not match["value"].startswith(value)
    if _OF_TEST.search(before) or _PARSING.search(before):
        found = is_random(value, 20)
    elif not between.strip(" \t\\\"'`]"):
        found = is_random(value)  # `token "x"`
    elif is_brief(match["word"], between):
        found = names_password(match, before, value, quoted)
    elif _is_sure(match["word"], between, quoted):
        found = not (_sentence(match, value) or (not quoted and _is_code(between, value)))
    else:
        found = is_random(value)
    return _with_mask(match, value) if found else None


def _means_nothing(match: re.Match[str], before: str, value: str) -> bool:
    if NOTHING.fullmatch(value) or _PUBLIC.search(before):
        return True
    return (
        before.endswith("$")
        or _FOLDER.match(f"{match['word']}{match['between']}{value}") is not None
    )


def _is_sure(word: str, between: str, quoted: bool) -> bool:
    """Whether no other word follows this one: `password`, `secret=`, a variable of the environment."""
    if _SURE.search(word):
        return True
    return (
        "=" in between
        and (word.lower() == "secret" or word.isupper())
        and (quoted or between == "=")
    )


def _sentence(match: re.Match[str], value: str) -> bool:
    """Whether people speak of a password: `password: wrong for user root`."""
    after = match.string[match.end() : match.end() + 3]
    return (
        ":" in match["between"]
        and value.isalpha()
        and value.islower()
        and after[:1] == " "
        and after[1:2].isalpha()
    )


def _is_code(between: str, value: str) -> bool:
    return " " in between and ("==" in between or is_call(value))


def _flag(match: re.Match[str]) -> str | None:
    """`--password x`."""
    value = bare(match["value"])
    after = match.string[match.end() : match.end() + 3]
    spoken = value.isalpha() and value.islower() and after[:1] == " " and after[1:2].isalpha()
    sure = _SURE.search(match["word"]) or match["word"] in ("pass", "pw") or has_digit(value)
    if NOTHING.fullmatch(value) or spoken or not (sure or is_random(value)):
        return None
    return _with_mask(match, value)


def _with_mask(match: re.Match[str], value: str) -> str:
    start = match.start("value") - match.start()
    kept = match["value"].partition(value)
    return f"{match[0][:start]}{kept[0]}{MASK}{kept[2]}"
