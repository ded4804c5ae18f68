"""The entry point: mask secrets and private hosts in foreign text.

Secrets are recognised by their format, by their place in an address or a command, and by the
keyword before them. Masking repeats until the text no longer changes: each mask changes the context
of the next keyword.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from ci_stat.redaction.entropy import MASK, is_random, without_closing
from ci_stat.redaction.hosts import private_hosts
from ci_stat.redaction.keywords import mask_named
from ci_stat.redaction.lines import mask_private_keys, mask_wrapped
from ci_stat.redaction.patterns import MAYBE, PLACES
from ci_stat.redaction.sql import mask_sql_passwords

__all__ = ["MASK", "redacted", "redacted_beginning"]

_AT_NETWORK = re.compile(r"@(?:(?:tcp|udp|unix|tls)?\(|/(?=[\w?\s\"'`]|$))")
_USER = re.compile(r"[^\s\"'`/]{1,300}\Z")
_MAX_USER = 300  # characters of user name and password before `@tcp(`
# Terminal colours, control characters and characters without width.
_INVISIBLE = re.compile(
    r"\x1b\[[\d;]{0,20}[A-Za-z]"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_PASSES = 4
_MAX_CACHED = 300  # characters; short texts, such as names, repeat
_WINDOW, _EDGE = 20_000, 500  # characters


def redacted(text: str, hosts: Sequence[str] = ()) -> str:
    """Return `text` with *** in place of each secret and each private host. Idempotent.

    `hosts`: names, `*.corp.example` for a domain and its subdomains, addresses, and networks such
    as `10.0.0.0/8`.
    """
    if len(text) <= _MAX_CACHED:
        return _cached(text, tuple(hosts))
    return _redacted(text, tuple(hosts))


def redacted_beginning(text: str, limit: int, hosts: Sequence[str] = ()) -> str:
    """Redact a text of which only about `limit` characters are needed.

    Of a much longer text only the beginning is redacted and returned. Its last characters are
    dropped, because half a secret is not recognised.
    """
    window = max(_WINDOW, 10 * limit)
    if len(text) <= window:
        return redacted(text, hosts)
    return redacted(text[:window], hosts)[:-_EDGE]


@lru_cache(maxsize=1024)
def _cached(text: str, hosts: tuple[str, ...]) -> str:
    return _redacted(text, hosts)


def _redacted(text: str, hosts: tuple[str, ...]) -> str:
    """Mask the text as it is. Drop invisible characters if they hide more secrets."""
    masked = _masked_repeatedly(text, hosts)
    if not _INVISIBLE.search(masked):
        return masked

    visible = _INVISIBLE.sub("", masked)
    again = _masked_repeatedly(visible, hosts)
    return masked if again == visible else again


def _masked_repeatedly(text: str, hosts: tuple[str, ...]) -> str:
    for _ in range(_PASSES):
        before, text = text, _masked_once(text, hosts)
        if text == before:
            break
    return text


def _masked_once(text: str, hosts: tuple[str, ...]) -> str:
    text = mask_private_keys(text)
    for pattern in PLACES:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    text = mask_wrapped(_mask_dsn_passwords(mask_sql_passwords(text)))

    for pattern in MAYBE:
        text = pattern.sub(_masked_if_random, text)
    text = mask_named(text)
    return private_hosts(hosts).masked(text) if hosts else text


def _mask_dsn_passwords(text: str) -> str:
    """Mask passwords in `user:password@tcp(...)`, found backwards from `@` in linear time."""
    parts, done = [], 0
    for network in _AT_NETWORK.finditer(text):
        login = _USER.search(text[max(done, network.start() - _MAX_USER) : network.start()])
        user, _, password = login[0].partition(":") if login else ("", "", "")
        if login and password:
            parts += [text[done : network.start() - len(login[0])], user, ":", MASK]
            done = network.start()
    return "".join((*parts, text[done:]))


def _masked_if_random(match: re.Match[str]) -> str:
    return f"{match[1]}{MASK}" if is_random(without_closing(match[2])) else match[0]
