"""Mask private hosts in foreign text: names, domains, addresses and networks of a list."""

import re
import string
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from ci_stat.redaction.entropy import MASK

_V4 = re.compile(r"(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)")
_V6 = re.compile(r"(?i)(?<![0-9a-f:.])[0-9a-f:.]{2,60}(?![0-9a-f:.])")
_HOST_CHARACTERS = frozenset(string.ascii_letters + string.digits + ".-_")


class Hosts:
    """The private hosts of one list, ready to be searched."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = []
        names: list[str] = []
        domains: list[str] = []
        for host in filter(None, map(str.strip, hosts)):
            try:
                self._networks.append(ip_network(host, strict=False))
            except ValueError:
                (domains if host.startswith("*.") else names).append(host)

        suffixes = [domain[2:] for domain in domains if domain[2:]]
        self._names = _any_of([_name_pattern(name) for name in names])
        self._domains = _any_of([re.escape(suffix) + r"(?![\w-])" for suffix in suffixes])

    def masked(self, text: str) -> str:
        """Return `text` with a mask in place of each private host."""
        if self._domains:
            text = self._mask_domains(text, self._domains)
        if self._names:
            text = self._names.sub(MASK, text)
        if self._networks:
            text = _V6.sub(self._mask_address, _V4.sub(self._mask_address, text))
        return text

    def _mask_domains(self, text: str, domains: re.Pattern[str]) -> str:
        """Mask domains with the labels before them, found backwards in linear time."""
        parts, done = [], 0
        for match in domains.finditer(text):
            start = match.start()
            if start > done and text[start - 1] == ".":
                while start > done and text[start - 1] in _HOST_CHARACTERS:
                    start -= 1
            elif start > done and text[start - 1] in _HOST_CHARACTERS:
                continue  # the end of a longer, different domain

            parts += [text[done:start], MASK]
            done = match.end()

        return "".join((*parts, text[done:]))

    def _mask_address(self, match: re.Match[str]) -> str:
        shown = match[0].rstrip(".")
        try:
            address = ip_address(shown)
        except ValueError:
            return match[0]

        networks = (network for network in self._networks if network.version == address.version)
        is_private = any(address in network for network in networks)
        return MASK + match[0][len(shown) :] if is_private else match[0]


def _any_of(patterns: list[str]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    longest_first = sorted(patterns, key=len, reverse=True)
    return re.compile("(?i)" + "|".join(longest_first))


def _name_pattern(name: str) -> str:
    """Match a name without dots only as a whole word, a name with dots anywhere."""
    pattern = r"[\w-]{0,63}".join(map(re.escape, name.split("*")))
    return pattern if "." in name else rf"(?<![\w-]){pattern}(?![\w-])"


@lru_cache(maxsize=16)
def private_hosts(hosts: tuple[str, ...]) -> Hosts:
    """Return the hosts of a list; cached, because a document masks many texts with one list."""
    return Hosts(hosts)
