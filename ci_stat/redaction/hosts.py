"""Private hosts in texts that others wrote: which names and addresses are ours, and a mask in their place."""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from ci_stat.redaction.entropy import MASK

_V4 = re.compile(r"(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)")
_V6 = re.compile(r"(?i)(?<![0-9a-f:.])[0-9a-f:.]{2,60}(?![0-9a-f:.])")
_HOST_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")


class Hosts:
    """The private hosts of one list: names, domains, addresses, networks."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = []
        names: list[str] = []
        domains: list[str] = []
        for host in filter(None, map(str.strip, hosts)):
            try:
                self._networks.append(ip_network(host, strict=False))
            except ValueError:
                (domains if host.startswith("*.") else names).append(host)
        self._names = _any_of([_name(name) for name in names])
        self._domains = _any_of(
            [re.escape(domain[2:]) + r"(?![\w-])" for domain in domains if domain[2:]]
        )

    def masked(self, text: str) -> str:
        if self._domains:
            text = self._without_domains(text, self._domains)
        if self._names:
            text = self._names.sub(MASK, text)
        if self._networks:
            text = _V6.sub(self._address, _V4.sub(self._address, text))
        return text

    def _without_domains(self, text: str, domains: re.Pattern[str]) -> str:
        """With the labels before the domain: they are looked for backwards, so that long ones cost nothing."""
        parts, at = [], 0
        for found in domains.finditer(text):
            start = found.start()
            if start > at and text[start - 1] == ".":
                while start > at and text[start - 1] in _HOST_SIGNS:
                    start -= 1
            elif start > at and text[start - 1] in _HOST_SIGNS:
                continue  # another domain that ends so
            parts += [text[at:start], MASK]
            at = found.end()
        return "".join((*parts, text[at:]))

    def _address(self, match: re.Match[str]) -> str:
        try:
            address = ip_address(match[0].rstrip("."))
        except ValueError:
            return match[0]
        inside = any(address.version == each.version and address in each for each in self._networks)
        return MASK + match[0][len(match[0].rstrip(".")) :] if inside else match[0]


def _any_of(patterns: list[str]) -> re.Pattern[str] | None:
    return (
        re.compile("(?i)" + "|".join(sorted(patterns, key=len, reverse=True))) if patterns else None
    )


def _name(name: str) -> str:
    """A name of one word is masked as a word, one with dots wherever it stands."""
    pattern = r"[\w-]{0,63}".join(map(re.escape, name.split("*")))
    return pattern if "." in name else rf"(?<![\w-]){pattern}(?![\w-])"


@lru_cache(maxsize=16)
def private_hosts(hosts: tuple[str, ...]) -> Hosts:
    """Made once for each list: a text has many parts that are masked one by one."""
    return Hosts(hosts)
