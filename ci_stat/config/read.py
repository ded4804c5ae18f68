"""The sources of settings: `env.json`, then environment variables, which win."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from ci_stat.config.groups import KEYS
from ci_stat.config.permissions import readable_by_all
from ci_stat.config.presets import PUBLISHED_DATABASE, PUBLISHED_KEYS, TIDB
from ci_stat.config.settings import FILE_NAME, PATH_VARIABLE, PREFIX, VARIABLE, Settings, Value
from ci_stat.errors import SettingsError

_NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_VARIABLES = {PREFIX + key.upper(): key for key in KEYS}
_PUBLISHED = (
    "{file} has only the keys that were published for TiDB's CI, so the preset tidb applies: its"
    ' time zone, links to runs, repository and nightly job. Write "preset": "tidb" into the file to'
    ' keep it, or "preset": "none".'
)
_EXTENDED = (
    "{file} looks like a file that was published for TiDB's CI, but has further keys ({keys}), so"
    " the preset tidb is not in force: times are in UTC, and runs have no links. Write"
    ' "preset": "tidb" into the file if it is for TiDB\'s CI, else "preset": "none".'
)
_TEST_PREFIX = f"{PREFIX}TEST_"  # variables of the test suite


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the effective settings, from `env.json` and from `environ` (default: the process's).

    Only the process's environment has a default for the file: `default_file`.

    Raises SettingsError if the file is missing, unreadable or not a JSON object.
    """
    default = default_file() if environ is None else None
    environ = os.environ if environ is None else environ
    file = _file(environ, default)
    in_file = _read(file) if file else {}
    source = str(file)
    in_variables = {name: environ[name] for name in sorted(environ) if name.startswith(PREFIX)}
    warnings = [*_unknown_keys(in_file, source), *_unknown_variables(in_variables)]

    of_file = _values_in_file(in_file, source)
    values = of_file | _values_in_variables(in_variables)
    _require_text(values)

    settings = _not_empty(values)
    if not file:
        return Settings(settings, None, tuple(warnings))

    open_file = readable_by_all(file, Settings(_not_empty(of_file)))
    if open_file:
        warnings.append(open_file)

    texts = {key: value.text for key, value in settings.items()}
    implied = implied_preset(in_file.keys(), texts)
    if implied:
        warnings.append(_PUBLISHED.format(file=source))
    warnings += _ended_preset(in_file.keys(), texts, source)
    return Settings(settings, source, tuple(warnings), implied)


def _unknown_keys(in_file: Mapping[str, str], source: str) -> Iterator[str]:
    for key in in_file:
        if key not in KEYS:
            yield _unknown(key, KEYS, source)


def _unknown_variables(in_variables: Mapping[str, str]) -> Iterator[str]:
    for name in in_variables:
        is_of_tests = name.startswith(_TEST_PREFIX)
        if name not in _VARIABLES and not is_of_tests:
            yield _unknown(name, _VARIABLES, "the environment")


def _values_in_file(in_file: Mapping[str, str], source: str) -> dict[str, Value]:
    return {key: Value(text, source) for key, text in in_file.items() if key in KEYS}


def _values_in_variables(in_variables: Mapping[str, str]) -> dict[str, Value]:
    values = {}
    for name, text in in_variables.items():
        if name in _VARIABLES:
            values[_VARIABLES[name]] = Value(text, f"{VARIABLE}{name}")
    return values


def _require_text(values: Mapping[str, Value]) -> None:
    for key, value in values.items():
        if _NOT_TEXT.search(value.text):
            raise SettingsError(
                f"{key} (from {value.source}) is not text: it contains NUL or is not UTF-8."
            )


def _not_empty(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values that are set. An empty text means "not set": the template contains all keys."""
    return {key: value for key, value in values.items() if value.text}


def implied_preset(in_file: Set[str], values: Mapping[str, Any]) -> str:
    """Return the preset of a file as it was published, for TiDB's CI database; else "".

    - `in_file`: the keys in the file. `values`: the values that are set, also by variables.
    """
    is_published = in_file & KEYS.keys() <= PUBLISHED_KEYS and not values.keys() & {"url", "preset"}
    return TIDB if is_published and values.get("database") == PUBLISHED_DATABASE else ""


def _ended_preset(in_file: Set[str], values: Mapping[str, Any], file: str) -> list[str]:
    """Say which keys end the implied preset, unless a setting shows that this is meant."""
    is_meant = "preset" in in_file or values.keys() & {"url", "preset", "time_zone"}
    if is_meant or "host" not in in_file or values.get("database") != PUBLISHED_DATABASE:
        return []
    further = sorted(in_file & KEYS.keys() - PUBLISHED_KEYS)
    return [_EXTENDED.format(file=file, keys=", ".join(further))] if further else []


def _unknown(name: str, known: Iterable[str], where: str) -> str:
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    advice = f": did you mean {near[0]!r}?" if near else "; it is ignored."
    return f"Unknown setting {name[:80]!r} in {where}{advice}"


def default_file() -> Path:
    """Return where the file is looked for if `STAT_ENV_PATH` is not set. It may not exist."""
    return user_config_path("ci_stat", appauthor=False) / FILE_NAME


def _file(environ: Mapping[str, str], default: Path | None) -> Path | None:
    text = environ.get(PATH_VARIABLE)
    if text is None and default is not None and _exists(default):
        return default
    if not text:
        return None

    path = Path(text)
    try:
        path = path.expanduser()
        path = path / FILE_NAME if path.is_dir() else path
    except (OSError, RuntimeError):  # no permission, a name that is too long, an unknown ~user
        pass
    if _exists(path):
        return path
    raise SettingsError(
        f"{PATH_VARIABLE} is {text[:500]!r}, but {str(path)[:500]} does not exist.",
        "Create it with `ci-stat init`, copy env.example.json there, or unset the variable.",
    )


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _read(path: Path) -> dict[str, str]:
    """The settings in the file, as texts."""
    content = read_object(path)
    return {key: _as_text(key, value, path) for key, value in content.items() if value is not None}


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in the file. Errors name line and column, but no value.

    Raises SettingsError.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise SettingsError(
            f"{path} is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            "Check quotes and commas there. JSON allows no comments and no comma before }.",
        ) from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} cannot be read: it is not UTF-8 text.") from None
    except (ValueError, RecursionError):
        raise SettingsError(
            f"{path} contains a number with thousands of digits, or is nested too deeply."
        ) from None
    if not isinstance(content, dict):
        raise SettingsError(
            f"{path} contains a {type(content).__name__}, not an object.",
            'Write {"host": "...", ...}.',
        )
    return content


def _as_text(key: str, value: object, path: Path) -> str:
    if key in KEYS and KEYS[key].nested and isinstance(value, (dict, list)):
        return json.dumps(value) if value else ""
    is_text_or_number = isinstance(value, (str, int)) and not isinstance(value, bool)
    if key in KEYS and not is_text_or_number:
        raise SettingsError(
            f"{key} in {path} is a {type(value).__name__}, not a string or a whole number."
        )
    return str(value)
