"""Settings: their sources, the errors for invalid ones, and that no secret is shown."""

import json
import os
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ci_stat import config
from ci_stat.cli import run
from ci_stat.config import KEYS, Secret, Settings, Value, load
from ci_stat.config.groups import GROUPS, keys_of
from ci_stat.errors import CiStatError, SettingsError
from ci_stat.store.engine import parse_url
from ci_stat.store.errors import hidden

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = {
    "host",
    "port",
    "user",
    "password",
    "database",
    "log_dir",
    "webhook",
    "app_id",
    "app_secret",
    "gh_token",
}
SERVER = {"host": "db.example", "user": "reader", "database": "sync_ci_data"}


def write(folder: Path, content: Any, name: str = "env.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def from_file(folder: Path, content: Any, **variables: str) -> Settings:
    return load({"STAT_ENV_PATH": str(write(folder, content)), **variables})


def source_of(settings: Settings, key: str) -> str:
    return next(row.source for row in settings.shown() if row.key == key)


def shown(settings: Settings, key: str) -> str:
    return next(row.value for row in settings.shown() if row.key == key)


def broken(folder: Path, content: Any) -> str:
    with pytest.raises(SettingsError) as error:
        from_file(folder, content)
    return str(error.value)


# Where values come from


def test_the_variable_may_name_the_file_or_its_folder(tmp_path: Path) -> None:
    path = write(tmp_path, SERVER)
    for place in (path, tmp_path, f"{tmp_path}/"):
        settings = load({"STAT_ENV_PATH": str(place)})
        assert settings.ci_data.host == "db.example"
        assert source_of(settings, "host") == str(path)
        assert settings.file == str(path)


def test_a_file_of_another_name_serves_too(tmp_path: Path) -> None:
    path = write(tmp_path, SERVER, "prod.json")
    assert load({"STAT_ENV_PATH": str(path)}).ci_data.user == "reader"


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path, SERVER)
    assert load({"STAT_ENV_PATH": "~"}).ci_data.host == "db.example"


@pytest.mark.parametrize(
    "name",
    ["absent.json", "absent/env.json", "~nobody-of-that-name/env.json", "x" * 5_000, "\x1b[31m"],
)
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="does not exist") as error:
        load({"STAT_ENV_PATH": name if name.startswith("~") else str(tmp_path / name)})
    assert "env.example.json" in str(error.value)
    assert len(str(error.value)) < 1_500
    assert error.value.exit_code == 4


def test_a_folder_without_a_settings_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"env\.json does not exist"):
        load({"STAT_ENV_PATH": str(tmp_path)})


@pytest.mark.parametrize("key", sorted(KEYS))
def test_a_variable_wins_over_the_file(tmp_path: Path, key: str) -> None:
    settings = from_file(
        tmp_path, {key: "from the file"}, **{f"CI_STAT_{key.upper()}": "from outside"}
    )
    assert settings.texts[key].text == "from outside"
    assert source_of(settings, key) == f"variable CI_STAT_{key.upper()}"


def test_defaults_and_absence_say_so() -> None:
    settings = load({})
    assert (settings.ci_data.port, source_of(settings, "port")) == (3306, "default")
    assert (settings.ci_data.host, source_of(settings, "host")) == ("", "not set")
    assert settings.ci_data.zone.key == "UTC"
    assert settings.ci_data.run_url == ""
    assert (settings.file, settings.warnings) == (None, ())


def test_an_empty_text_and_null_are_no_setting(tmp_path: Path) -> None:
    settings = from_file(tmp_path, {"host": "", "user": None, "time_zone": "", "url": ""})
    assert settings.ci_data.url.reveal().startswith("sqlite:///")
    assert settings.ci_data.zone.key == "UTC"


def test_an_empty_variable_takes_a_setting_of_the_file_away(tmp_path: Path) -> None:
    settings = from_file(tmp_path, {"url": "sqlite:////tmp/x"}, CI_STAT_URL="")
    assert source_of(settings, "url") == "not set"


def test_with_nothing_configured_sqlite_in_the_data_folder_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home of data"))
    settings = load({})
    assert settings.ci_data.url.reveal() == f"sqlite:///{tmp_path}/home of data/ci_stat/ci.sqlite"
    assert settings.state.url.reveal() == f"sqlite:///{tmp_path}/home of data/ci_stat/state.sqlite"
    assert not (tmp_path / "home of data").exists(), "asking for settings must create nothing"


def test_url_alone_wins_over_a_server(tmp_path: Path) -> None:
    settings = from_file(tmp_path, {**SERVER, "url": "sqlite:////tmp/x"})
    assert settings.ci_data.url == Secret("sqlite:////tmp/x")


@pytest.mark.parametrize(
    ("host", "shown"),
    [("db.example", "db.example"), ("::1", "[::1]"), ("[::1]", "[::1]"), ("10.0.0.1", "10.0.0.1")],
)
def test_a_server_becomes_a_url(tmp_path: Path, host: str, shown: str) -> None:
    settings = from_file(tmp_path, {**SERVER, "host": host, "port": 4000, "password": "p"})
    assert settings.ci_data.url.reveal() == f"mysql+pymysql://reader:p@{shown}:4000/sync_ci_data"


@given(
    password=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
)
@example("p@ss")
@example("p%41")
@example("a:b/c?d#e[f]&g=h+i j")
def test_any_password_reaches_the_driver_unchanged(password: str) -> None:
    values = {key: Value(text, "test") for key, text in {**SERVER, "password": password}.items()}
    url = parse_url(Settings(values).ci_data.url.reveal())
    assert (url.username, url.password, url.host, url.database) == (
        "reader",
        password,
        "db.example",
        "sync_ci_data",
    )


# Errors


@pytest.mark.parametrize("there", ["host", "user", "database", "password"])
def test_all_missing_keys_are_named_together_with_their_purpose(tmp_path: Path, there: str) -> None:
    settings = from_file(tmp_path, {there: "something"})
    with pytest.raises(SettingsError) as error:
        _ = settings.ci_data.url.reveal()
    text = str(error.value)
    missing = {"host", "user", "database"} - {there}
    for key in missing:
        assert f"  {key}: {KEYS[key].purpose}" in text
    assert text.count("\n  ") == len(missing) + 1, "only what is missing, and the next step"
    assert str(tmp_path / "env.json") in text
    assert "something" not in text


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("pasword", "password"), ("timezone", "time_zone"), ("Host", "host"), ("GH_TOKEN", None)],
)
def test_an_unknown_key_is_a_warning_with_the_nearest(
    tmp_path: Path, name: str, nearest: str | None
) -> None:
    settings = from_file(tmp_path, {name: "t0p-secret", **SERVER})
    assert sum("Unknown" in warning for warning in settings.warnings) == 1
    assert repr(name) in settings.warnings[0]
    assert nearest is None or repr(nearest) in settings.warnings[0]
    assert "t0p-secret" not in settings.warnings[0]
    assert settings.ci_data.host == "db.example"


def test_an_unknown_key_may_hold_anything(tmp_path: Path) -> None:
    settings = from_file(
        tmp_path, {"_comment": ["a", {"b": 1}], "\x1b[31m": True, "x" * 9_000: 1.5}
    )
    assert len(settings.warnings) == 3
    assert all(text.isprintable() and len(text) < 300 for text in settings.warnings)


def test_an_unknown_variable_is_a_warning_with_the_nearest() -> None:
    settings = load(
        {"CI_STAT_PASWORD": "t0p-secret", "CI_STAT_TEST_REQUIRE": "1", "CI_STATISTICS": "1"}
    )
    assert settings.warnings == (
        "Unknown setting 'CI_STAT_PASWORD' in the environment: did you mean 'CI_STAT_PASSWORD'?",
    )


# Since Python 3.13, the place of a comma before a bracket is that of the comma.
COMMA = "line 2, column 27" if sys.version_info >= (3, 13) else "line 3, column 1"
BROKEN = [
    ('{"password": "t0p-secret" "host": "a"}', "line 1, column 27"),
    ('{\n  "password": "t0p-secret",\n}', COMMA),
    ('{\n  "password": "t0p-secret\n"}', "line 2, column 26"),
    ("{'password': 't0p-secret'}", "line 1, column 2"),
    ('{"password": t0p-secret}', "line 1, column 14"),
    ('{"password": "t0p-secret\\q"}', "line 1, column 25"),
    ("", "line 1, column 1"),
    ('{"password": "t0p-secret"', "line 1, column 26"),
]


@pytest.mark.parametrize(("text", "place"), BROKEN)
def test_a_broken_file_says_where_and_repeats_no_value(
    tmp_path: Path, text: str, place: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SettingsError) as error:
        load({"STAT_ENV_PATH": str(path)})
    assert place in str(error.value)
    assert str(path) in str(error.value)
    assert "t0p-secret" not in "".join(traceback.format_exception(error.value))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "contains a list"),
        ('"t0p-secret"', "contains a str"),
        ('{"port": 1.5}', "port in"),
        ('{"password": ["t0p-secret"]}', "password in"),
        ('{"host": true}', "host in"),
        ('{"port": ' + "1" * 5_000 + "}", "thousands of digits"),
        ('{"host": ' + "[" * 100_000 + "}", "nested too deeply"),
        ('{"password": "t0p-secret\\ud800", "host": "a"}', "password (from"),
        ('{"log_dir": "\\u0000"}', "log_dir (from"),
    ],
)
def test_a_file_of_another_shape(tmp_path: Path, text: str, said: str) -> None:
    message = broken(tmp_path, text)
    assert said in message
    assert "t0p-secret" not in message
    assert len(message) < 500


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "env.json").write_bytes(b'{"host": "\xff\xfe"}')
    with pytest.raises(SettingsError, match="not UTF-8"):
        load({"STAT_ENV_PATH": str(tmp_path)})


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "env.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(SERVER).encode())
    assert load({"STAT_ENV_PATH": str(tmp_path)}).ci_data.host == "db.example"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("Asia/Shanghia", "Asia/Shanghai"),
        ("asia/shanghai", "Asia/Shanghai"),
        ("Europ/Berlin", "Europe/Berlin"),
        ("../../etc/passwd", ""),
        ("/etc/passwd", ""),
        ("Europe", ""),
        ("UTC+8", ""),
        ("x" * 10_000, "UTC"),
        ("\x1b[31mred", ""),
    ],
)
def test_a_zone_that_does_not_exist(name: str, nearest: str) -> None:
    with pytest.raises(SettingsError, match="not a known time zone") as error:
        _ = load({"CI_STAT_TIME_ZONE": name}).ci_data
    assert nearest in str(error.value)
    assert "variable CI_STAT_TIME_ZONE" in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("key", ["port", "connect_timeout", "read_timeout"])
@pytest.mark.parametrize(
    "text", ["0", "-1", "1.5", "1e3", "٣", "²", "ten", " 7", "0x10", "9" * 5_000, "99999999999"]
)
def test_invalid_numbers(key: str, text: str) -> None:
    settings = load(
        {
            f"CI_STAT_{key.upper()}": text,
            "CI_STAT_HOST": "h",
            "CI_STAT_USER": "u",
            "CI_STAT_DATABASE": "d",
        }
    )
    with pytest.raises(
        SettingsError, match=f"{key} .*variable CI_STAT_{key.upper()}. is .* whole number"
    ) as error:
        _ = settings.ci_data if key == "port" else settings.timeouts
    assert len(str(error.value)) < 300


def test_a_port_beyond_the_last_one() -> None:
    variables = {f"CI_STAT_{key.upper()}": text for key, text in SERVER.items()}
    assert load({"CI_STAT_PORT": "65535", **variables}).ci_data.port == 65_535
    with pytest.raises(SettingsError, match="from 1 to 65535"):
        _ = load({"CI_STAT_PORT": "65536", **variables}).ci_data


# Secrets

SECRETS = [key for key in KEYS if KEYS[key].secret]
PASSWORDS = [
    "hunter2",
    "p@ss",
    "p:w",
    "p/w",
    "p%41",
    "p@x:8y@z",
    "p?q",
    "p#f",
    "@",
    "a@b@c",
    "://",
    "[::1]",
    "ünï",
]


def test_what_is_a_secret() -> None:
    assert set(SECRETS) == {
        "password",
        "url",
        "state_url",
        "results_url",
        "webhook",
        "webhook_secret",
        "app_secret",
        "mail_password",
        "slack_webhook",
        "slack_token",
        "gh_token",
        "jenkins_token",
        "reports",
    }


@pytest.mark.parametrize("key", sorted(KEYS))
def test_no_value_is_in_a_repr(key: str) -> None:
    settings = load({f"CI_STAT_{key.upper()}": "t0p-secret"})
    for text in (
        repr(settings),
        str(settings),
        f"{settings!r}",
        repr(settings.texts),
        repr(settings.texts[key]),
    ):
        assert "t0p-secret" not in text
    assert "t0p-secret" not in repr(replace(settings, file="x"))


def test_no_group_shows_a_secret() -> None:
    variables = {f"CI_STAT_{key.upper()}": "sqlite:////t0p-secret" for key in SECRETS}
    settings = load(variables)
    groups = [
        settings.ci_data,
        settings.state,
        settings.results,
        settings.jenkins,
        settings.feishu,
        settings.mail,
        settings.slack,
        settings.github,
    ]
    values = [getattr(group, name) for group in groups for name in keys_of(type(group))]
    secrets = [value for value in values if isinstance(value, Secret)]
    assert len(secrets) == len(SECRETS) - 1  # `reports` is an object: see test_teams.py
    for value in (*groups, *secrets):
        assert "t0p-secret" not in f"{value} {value!r} {value!s}"
    assert {secret.reveal() for secret in secrets} == {"sqlite:////t0p-secret"}


def test_every_key_is_in_one_group() -> None:
    names = [key.name for group in GROUPS.values() for key in keys_of(group).values()]
    assert sorted(names) == sorted(set(names)) == sorted(KEYS)


def test_a_wrong_setting_stops_what_needs_it_and_nothing_else() -> None:
    settings = load({"CI_STAT_ISSUE_NEW": "many", "CI_STAT_MAIL_PORT": "smtp"})
    assert settings.reports.history_days == 14
    assert settings.ci_data.url
    with pytest.raises(SettingsError, match="issue_new"):
        _ = settings.issues
    with pytest.raises(SettingsError, match="mail_port"):
        _ = settings.mail


@pytest.mark.parametrize("key", SECRETS)
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_config_shows_that_a_secret_is_there_and_not_what_it_is(
    key: str,
    options: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(f"CI_STAT_{key.upper()}", "t0p-secret")
    assert run(["config", *options]) == 0
    shown = capsys.readouterr()
    assert "t0p-secret" not in shown.out + shown.err
    assert "hidden" in shown.out
    assert f"variable CI_STAT_{key.upper()}" in shown.out


def test_config_as_json_has_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "--json", "--all"]) == 0
    rows = json.loads(capsys.readouterr().out)["settings"]
    assert [row["key"] for row in rows] == list(KEYS)
    assert all(set(row) == {"group", "key", "value", "source", "purpose"} for row in rows)


def _said(url: str) -> str:
    """All places that show a URL: `ci-stat config`, the name of a database, an error."""
    settings = Settings({"url": Value(url, "variable CI_STAT_URL")})
    seen = shown(settings, "url") + repr(settings)
    try:
        return seen + hidden(parse_url(settings.ci_data.url.reveal()))
    except CiStatError:
        return seen + traceback.format_exc()


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_in_a_url_is_hidden(password: str) -> None:
    from urllib.parse import quote

    # A text that no other part of the URL contains.
    secret = f"7f3a{password}9c1e"
    for written in (secret, quote(secret, safe="")):
        seen = _said(f"mysql+pymysql://root:{written}@db.example:3306/sync_ci_data?ssl_key=77aa")
        assert "db.example" in seen
        for part in ("7f3a", "9c1e", "77aa", secret, written):
            assert part not in seen


@given(password=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_no_part_of_any_password_is_seen(password: str) -> None:
    seen = _said(f"mysql://root:7f3a{password}9c1e@db.example/sync_ci_data")
    assert "7f3a" not in seen
    assert "9c1e" not in seen


def test_an_invalid_url_is_not_shown() -> None:
    settings = Settings({"url": Value("root:7f3a@db", "test")})
    assert shown(settings, "url") == "(set, hidden)"


def test_a_path_is_shown_as_it_is() -> None:
    settings = Settings({"url": Value("sqlite:////data/a@b:c.sqlite", "t")})
    assert shown(settings, "url") == "sqlite:////data/a@b:c.sqlite"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://root:pw@db.example/sync",
        "mysql://root:pw@db.example:3306/sync?charset=utf8mb4",
        "mysql+mysqldb://root:p%40w@[::1]:3306/sync",
        "mysql://root@[::1]/sync",
        "mysql://db.example/sync",
        "mysql://user%40corp:pw@db/a:b",
    ],
)
def test_good_urls_pass_unchanged(url: str) -> None:
    settings = Settings({"url": Value(url, "test"), "state_url": Value(url, "test")})
    assert settings.ci_data.url == Secret(url)
    assert settings.state.url == Secret(url)


@pytest.mark.parametrize(
    "url", ["mysql://u:7f3a@b@h/d", "mysql://u:pw@x:7f3a@h/d", "mysql://u:pw@h:7f3a/d"]
)
@pytest.mark.parametrize("key", ["url", "state_url"])
def test_a_url_that_would_be_read_wrongly_is_refused(key: str, url: str) -> None:
    settings = Settings({key: Value(url, "variable X")})
    with pytest.raises(SettingsError, match=f"^{key} .from variable X. cannot be parsed") as error:
        _ = settings.ci_data.url.reveal() if key == "url" else settings.state.url.reveal()
    assert "%40" in str(error.value)
    assert "7f3a" not in str(error.value)


# The template


def test_the_template_loads_without_a_warning(tmp_path: Path) -> None:
    path = ROOT / "env.example.json"
    settings = load({"STAT_ENV_PATH": str(path)})
    assert settings.warnings == ()
    assert set(json.loads(path.read_text(encoding="utf-8"))) == set(KEYS) >= PUBLISHED
    assert (settings.timeouts.connect, settings.timeouts.read) == (10, 600)
    assert not settings.texts.keys() & set(SECRETS)
    (tmp_path / "env.json").write_text(json.dumps(json.loads(path.read_text()) | SERVER))
    filled = load({"STAT_ENV_PATH": str(tmp_path)})
    assert filled.ci_data.port == 3306
    assert filled.ci_data.run_url == ""


def test_the_template_as_it_stands_says_what_to_fill_in() -> None:
    with pytest.raises(SettingsError, match=r"Missing:\n  host: .*\n  user: "):
        _ = load({"STAT_ENV_PATH": str(ROOT / "env.example.json")}).ci_data


def test_load_reads_the_real_environment_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "CI_STAT_HOST", "from.os")
    assert config.load().texts["host"].text == "from.os"
