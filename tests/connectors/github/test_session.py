"""What the clients of issues and of pull requests share: invalid arguments, and no secret shown."""

import pytest

from ci_stat.connectors.github.pull_requests import PullRequests
from ci_stat.connectors.github.repository import GitHub
from ci_stat.connectors.github.session import RepositorySession
from ci_stat.errors import SettingsError

URL = "http://127.0.0.1:9/"


@pytest.mark.parametrize("client", [GitHub, PullRequests])
@pytest.mark.parametrize("token", ["", " ", "s3cret\nX-Header: 1", "s3cr\u00e9t"])
def test_an_invalid_token_is_refused_and_not_shown(
    client: type[RepositorySession], token: str
) -> None:
    with pytest.raises(SettingsError, match="gh_token is empty or contains") as caught:
        client(URL, "me/app", token)
    assert "s3c" not in str(caught.value)


@pytest.mark.parametrize("client", [GitHub, PullRequests])
@pytest.mark.parametrize("repo", ["", "app", "me/app/x", "me/../x", "me/a b"])
def test_what_is_no_repository_is_refused(client: type[RepositorySession], repo: str) -> None:
    with pytest.raises(SettingsError, match="is not the name of a repository"):
        client(URL, repo, "token")


@pytest.mark.parametrize("client", [GitHub, PullRequests])
def test_the_repr_shows_no_token(client: type[RepositorySession]) -> None:
    shown = repr(client(URL, " me/app ", "t0psecret"))
    assert "me/app" in shown
    assert "t0psecret" not in shown
