"""Proxies and certificate authorities: read from the environment, once for each client."""

import ssl
from pathlib import Path

import pytest

from ci_stat.connectors.http.address import parse_address
from ci_stat.connectors.http.client import HttpClient
from ci_stat.connectors.http.environment import certificates, proxy_for, tls_context
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.response import NoResponse, Response
from tests.support.connectors import answering, certified, says
from tests.support.proxy import closed_port

PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def proxy_of(url: str) -> str:
    return proxy_for(parse_address(url, "webhook", "https://..."))


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({}, "https://a.example", ""),
        ({"HTTPS_PROXY": PROXY}, "https://a.example", PROXY),
        ({"https_proxy": "proxy.example:3128"}, "https://a.example", PROXY),
        ({"ALL_PROXY": "socks5h://proxy.example"}, "https://a.example", "socks5h://proxy.example"),
        ({"HTTP_PROXY": PROXY}, "https://a.example", ""),
        ({"HTTPS_PROXY": PROXY}, "https://127.0.0.1", ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "b.example,.a.example"}, "https://x.a.example", ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "b.example"}, "https://a.example", PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, "https://a.example", ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8, x"}, "https://10.1.2.3:8443", ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, "https://11.1.2.3", PROXY),
    ],
)
def test_the_proxy_for_a_server(
    variables: dict[str, str], url: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(url) == proxy


def test_a_client_reads_the_proxy_once(monkeypatch: pytest.MonkeyPatch) -> None:
    address = parse_address("https://a.example", "webhook", "")
    client = HttpClient(address, Mask(), timeout=5.0)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port()}")
    first = client.post("", b"{}")
    monkeypatch.delenv("HTTPS_PROXY")
    second = client.post("", b"{}")
    assert first == second
    assert isinstance(first, NoResponse)
    assert "the proxy refuses the connection: Connection refused" in first.reason


def test_credentials_of_a_proxy_are_sent_to_it_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
    with answering(refusal) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:p%40ss@127.0.0.1:{proxy.port}")
        HttpClient(parse_address("https://a.example", "webhook", ""), Mask()).post("", b"{}")
    assert b"\r\nproxy-authorization: basic bWU6cEBzcw==\r\n".lower() in proxy.requests[0].lower()


def test_authorities_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Path(certificates()).is_file()
    monkeypatch.setenv("CURL_CA_BUNDLE", "/curl.pem")
    assert certificates() == "/curl.pem"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/requests.pem")
    assert certificates() == "/requests.pem"


def test_connections_share_one_tls_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = certified(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", own.ca_file)
    loaded: list[str] = []
    load = ssl.SSLContext.load_verify_locations

    def counted(context: ssl.SSLContext, cafile: str) -> None:
        loaded.append(cafile)
        load(context, cafile)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    with answering(says(b"{}"), context=own.server) as server:
        for _ in range(3):
            client = HttpClient(parse_address(server.url, "webhook", ""), Mask())
            assert isinstance(client.post("", b"{}"), Response)
    assert loaded == [own.ca_file]


def test_a_tls_context_checks_certificates_and_names() -> None:
    context = tls_context(certificates())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_a_folder_of_authorities(tmp_path: Path) -> None:
    assert tls_context(str(tmp_path)).verify_mode is ssl.CERT_REQUIRED
