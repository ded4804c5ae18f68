"""What must not leave the machine, masked in texts that others wrote: secrets by their form, by their place in an
address or a command, by the word before them; and the names of private hosts.

A text is masked again until nothing more is found: each mask changes what stands before the next word.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from ci_stat.redaction.entropy import MASK, is_random, without_tail
from ci_stat.redaction.hosts import private_hosts
from ci_stat.redaction.keywords import without_named
from ci_stat.redaction.patterns import FORMS, KEY_BEGINS, KEY_ENDS, KEY_LENGTH, MAYBE, PLACES
from ci_stat.redaction.sql import without_statements

__all__ = ["MASK", "redacted", "redacted_beginning"]

_AT_NETWORK = re.compile(r"@(?:(?:tcp|udp|unix|tls)?\(|/(?=[\w?\s\"'`]|$))")
_USER = re.compile(r"[^\s\"'`/]{1,300}\Z")
# Colours of a terminal, controls, and what has no width.
_UNSEEN = re.compile(
    r"\x1b\[[\d;]{0,20}[A-Za-z]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_PASSES = 4  # what is masked changes what stands before the next word
_NAME = 300  # characters of a text that is likely to come again
_WINDOW, _EDGE = 20_000, 500


def redacted(text: str, hosts: Sequence[str] = ()) -> str:
    """`text` with *** in place of each secret and of each private host. Twice is once.

    `hosts`: names, `*.corp.example` for a domain and all below it, addresses, and networks such as `10.0.0.0/8`.
    """
    return (
        _of_name(text, tuple(hosts)) if len(text) <= _NAME else _until_it_stays(text, tuple(hosts))
    )


def redacted_beginning(text: str, limit: int, hosts: Sequence[str] = ()) -> str:
    """`text` redacted, or of a far longer one than `limit` enough of its beginning to be cut there.

    The end of that beginning is left out: it may hold half a secret, which is not found.
    """
    window = max(_WINDOW, 10 * limit)
    return redacted(text, hosts) if len(text) <= window else redacted(text[:window], hosts)[:-_EDGE]


@lru_cache(maxsize=1024)
def _of_name(text: str, hosts: tuple[str, ...]) -> str:
    """Names stand in a text many times."""
    return _until_it_stays(text, hosts)


def _until_it_stays(text: str, hosts: tuple[str, ...]) -> str:
    """What signs that nobody sees have torn is found where they are taken out: then they stay out."""
    shown = _passes(text, hosts)
    if not _UNSEEN.search(shown):
        return shown
    bare = _UNSEEN.sub("", shown)
    found = _passes(bare, hosts)
    return shown if found == bare else found


def _passes(text: str, hosts: tuple[str, ...]) -> str:
    for _ in range(_PASSES):
        before, text = text, _once(text, hosts)
        if text == before:
            break
    return text


def _once(text: str, hosts: tuple[str, ...]) -> str:
    text = _without_keys(text)
    for pattern in PLACES:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    text = FORMS.sub(MASK, _without_users(without_statements(text)))
    for pattern in MAYBE:
        text = pattern.sub(_if_random, text)
    text = without_named(text)
    return private_hosts(hosts).masked(text) if hosts else text


def _without_keys(text: str) -> str:
    parts, at = [], 0
    while begin := KEY_BEGINS.search(text, at):
        end = KEY_ENDS.search(text, begin.end())
        parts += [text[at : begin.start()], f"{MASK} private key {MASK}"]
        at = end.end() if end else begin.end() + KEY_LENGTH
    return "".join((*parts, text[at:]))


def _without_users(text: str) -> str:
    """Passwords before `@tcp(`, looked for backwards: what stands before any colon would be far too much."""
    parts, at = [], 0
    for found in _AT_NETWORK.finditer(text):
        user = _USER.search(text[max(at, found.start() - 300) : found.start()])
        if user and user[0].partition(":")[2]:
            parts += [text[at : found.start() - len(user[0])], user[0].partition(":")[0], ":", MASK]
            at = found.start()
    return "".join((*parts, text[at:]))


def _if_random(match: re.Match[str]) -> str:
    return f"{match[1]}{MASK}" if is_random(without_tail(match[2])) else match[0]
