"""The way to one GitHub, over PyGithub: a request is sent once, and what came of it is kept as it came.

PyGithub signs, spells and logs a request. What it does with some answers is nothing for a filer that must not file
twice: where a 301 points it sends a POST again (and a question without its query), after a 202 it asks for ever, and
over a header that is no number it fails, when the issue is there already. So it learns an answer's status only.
"""

import io
from collections.abc import Callable, ItemsView, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from ci_stat.connectors.http.address import Address
from ci_stat.connectors.http.client import Answer, Http, NoAnswer
from ci_stat.connectors.http.masking import Mask

if TYPE_CHECKING:
    from github.Requester import Requester
    from requests import Response, Session

MAX_ANSWER = 2**26  # bytes; 100 issues of 65,536 signs, each of them escaped, have 39 million
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


class Wire(Http):
    """Requests to one GitHub. The connection for reading is kept, each write has a new one.

    One that was kept, and that the server has just closed, looks like one that broke off after sending.
    """

    def __init__(self, place: Address, token: str, mask: Mask, timeout: float) -> None:
        super().__init__(place, mask, timeout)
        self._token = token
        self._requester: Requester | None = None
        self._reading: Session | None = None

    def ask(
        self, verb: str, path: str, query: Mapping[str, str] | None = None, value: Any = None
    ) -> Answer | NoAnswer:
        """One request to `path` below the address (it may have a query already), `value` as its JSON body."""
        import requests
        import urllib3

        requester = self._started()
        with self._mask.over_logs(), self._session(verb) as session:
            line = _Line(lambda *request: self._exchange(session, *request))
            try:
                requester.requestJson(
                    verb, path, dict(query or {}), dict(HEADERS), value, cnx=cast(Any, line)
                )
            except (
                requests.exceptions.RequestException,
                urllib3.exceptions.HTTPError,
                OSError,
                ValueError,
            ) as error:
                self._reading = None  # the next question gets a new one, whatever this one died of
                return self._trouble(error, line.begun)
        assert line.answer is not None
        return line.answer

    def _started(self) -> "Requester":
        if self._requester is None:
            # It takes a second, in which nothing is on its way.
            from github import Auth, Github

            # Throttle and tries are ours: PyGithub sleeps by a clock of its own, and sends a POST again after a 502.
            self._requester = Github(
                auth=Auth.Token(self._token),
                base_url=f"{self._place.root}{self._place.path}",
                user_agent="ci_stat",
                per_page=100,
                retry=None,
                seconds_between_requests=None,
                seconds_between_writes=None,
            ).requester
        return self._requester

    @contextmanager
    def _session(self, verb: str) -> "Iterator[Session]":
        if verb == "GET":
            self._reading = self._reading or self._new_session()
            yield self._reading
        else:
            with self._new_session() as session:
                yield session

    def _new_session(self) -> "Session":
        """PyGithub's own: it looks for no password in ~/.netrc, and sends nothing again."""
        from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass

        encrypted = self._place.root.startswith("https:")
        return (HTTPSRequestsConnectionClass if encrypted else HTTPRequestsConnectionClass)(
            "", retry=0
        ).session

    def _exchange(
        self,
        session: "Session",
        verb: str,
        path: str,
        headers: dict[str, str],
        body: "_Body | None",
    ) -> Answer:
        import requests

        request = session.prepare_request(
            requests.Request(verb, f"{self._place.root}{path}", headers, data=body)
        )
        with self._sent(session, request) as response:
            came = {name.lower(): text for name, text in response.headers.items()}
            return Answer(response.status_code, came, self._body(response))

    def _body(self, response: "Response") -> bytes:
        """What can be had of the body. One that is cut does not read as JSON, and is judged by that."""
        import urllib3

        body = bytearray()
        # The status has come, and so it is known that the request arrived.
        with suppress(urllib3.exceptions.HTTPError, OSError, ValueError):
            while piece := response.raw.read1(65_536, decode_content=True):
                body += piece
                if len(body) > MAX_ANSWER:
                    break
        return bytes(body[:MAX_ANSWER])


class _Line:
    """One connection, as PyGithub wants to have it. `begun`: the request may have arrived; `answer`: what came."""

    def __init__(
        self, exchange: "Callable[[str, str, dict[str, str], _Body | None], Answer]"
    ) -> None:
        self._exchange = exchange
        self._request: tuple[str, str, dict[str, str]] = ("", "", {})
        self._body: _Body | None = None
        self.answer: Answer | None = None

    @property
    def begun(self) -> bool:
        return self._body is not None and self._body.begun

    def request(
        self, verb: str, url: str, input: str | None, headers: dict[str, str], _stream: bool = False
    ) -> None:
        self._request = (verb, url, headers)
        self._body = None if input is None else _Body(input.encode())

    def getresponse(self) -> "_Told":
        self.answer = self._exchange(*self._request, self._body)
        return _Told(self.answer.status)


class _Body(io.BytesIO):
    """A body that knows whether any of it was handed out to be sent: before that, nothing can have been done."""

    begun = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.begun = True
        return super().read(size)


class _Told:
    """What PyGithub learns of an answer: nothing that it would act on."""

    def __init__(self, status: int) -> None:
        self.status = 200 if status == 202 else status

    def getheaders(self) -> ItemsView[str, str]:
        return dict[str, str]().items()

    def read(self) -> str:
        return ""
