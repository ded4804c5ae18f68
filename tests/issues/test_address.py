"""The repository of the settings: a name, or an address that people copy."""

import pytest

from ci_stat.config import GitHub
from ci_stat.errors import SettingsError
from ci_stat.issues.address import ledger_name, repository

API = "https://api.github.com"


def github(repo: str, url: str = API) -> GitHub:
    return GitHub(url=url, repo=repo)


@pytest.mark.parametrize(
    "text",
    [
        "me/app",
        " me/app ",
        "https://github.com/me/app",
        "https://github.com/me/app.git",
        "https://github.com/me/app/",
        "git@github.com:me/app.git",
        "ssh://git@github.com/me/app",
        "github.com/me/app",
    ],
)
def test_a_repository_is_a_name_or_an_address(text: str) -> None:
    assert repository(github(text)) == "me/app"
    assert ledger_name(github(text)) == ledger_name(github("me/app")), "one ledger"


def test_an_address_at_an_own_server() -> None:
    own = github("https://git.example/me/app", "https://git.example/api/v3")
    assert repository(own) == "me/app"


@pytest.mark.parametrize("text", ["app", "me/app/issues/7", "https://gitlab.example/me/app"])
def test_something_else_is_an_error_that_names_the_setting(text: str) -> None:
    with pytest.raises(SettingsError, match=r"github_repo: .* is not the name of a repository"):
        repository(github(text))


def test_an_error_shows_no_token() -> None:
    with pytest.raises(SettingsError) as raised:
        repository(github("https://me:ghp_secret@other.example/me/app"))
    assert "ghp_secret" not in str(raised.value)
