"""What the environment says about connections: proxies (HTTPS_PROXY, NO_PROXY, ...) and
certificates.

REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE name a file or a folder of certificate authorities.
"""

import ipaddress
import os
import ssl
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
from urllib3 import PoolManager, ProxyManager
from urllib3.util import make_headers
from urllib3.util.ssl_ import create_urllib3_context

from ci_stat.connectors.http.address import Address
from ci_stat.connectors.http.deadline import use_deadlines

POOL_SIZE = 10  # connections to one server that are kept open


def certificates() -> str:
    """The file or folder of the certificate authorities that are trusted."""
    configured = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return configured or certifi.where()


@lru_cache(maxsize=16)
def tls_context(authorities: str) -> ssl.SSLContext:
    """The TLS settings that all connections share: reading the authorities takes 30 ms.

    Raises OSError.
    """
    context = create_urllib3_context()
    if os.path.isdir(authorities):
        context.load_verify_locations(capath=authorities)
    else:
        context.load_verify_locations(cafile=authorities)
    return context


def proxy_for(address: Address) -> str:
    """The URL of the proxy for a server; "" for none. A server on this machine never has one."""
    parts = urlsplit(address.root)
    host = parts.hostname or ""
    if address.loopback or proxy_bypass(parts.netloc) or _in_no_proxy_network(host):
        return ""
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    return proxy if "://" in proxy or not proxy else f"http://{proxy}"


def connection_pools(proxy: str, context: ssl.SSLContext | None) -> PoolManager:
    """New connection pools. SOCKS proxies have connections of their own kind, without deadlines."""
    options: dict[str, Any] = {"maxsize": POOL_SIZE, "ssl_context": context}
    if proxy.startswith("socks"):
        from urllib3.contrib.socks import SOCKSProxyManager  # needs PySocks

        return SOCKSProxyManager(proxy, **options)
    pools = _http_proxy(proxy, context, options) if proxy else PoolManager(**options)
    use_deadlines(pools)
    return pools


def _http_proxy(
    proxy: str, context: ssl.SSLContext | None, options: dict[str, Any]
) -> ProxyManager:
    login, _, _ = urlsplit(proxy).netloc.rpartition("@")
    headers = make_headers(proxy_basic_auth=unquote(login)) if login else None
    return ProxyManager(proxy, proxy_headers=headers, proxy_ssl_context=context, **options)


def _in_no_proxy_network(host: str) -> bool:
    """Whether NO_PROXY lists a network (10.0.0.0/8) that contains the address `host`."""
    try:
        here = ipaddress.ip_address(host)
    except ValueError:
        return False
    listed = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    return any(here in network for network in map(_network, listed.split(",")) if network)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
