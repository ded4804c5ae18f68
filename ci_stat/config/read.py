"""Where settings come from: defaults, then `env.json`, then environment variables."""

import json
import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ci_stat.config.groups import KEYS
from ci_stat.config.settings import FILE_NAME, PATH_VARIABLE, PREFIX, VARIABLE, Settings, Value
from ci_stat.errors import SettingsError

_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in force now: defaults, then `env.json`, then variables.

    Raises SettingsError for a file that is not there, cannot be read or is no JSON object.
    """
    environ = os.environ if environ is None else environ
    file = _file(environ)
    in_file = _read(file) if file else {}
    source = str(file)
    variables = {PREFIX + key.upper(): key for key in KEYS}

    values = {key: Value(text, source) for key, text in in_file.items() if key in KEYS}
    warnings = [_unknown(key, KEYS, source) for key in in_file if key not in KEYS]
    for name in sorted(environ):
        if name in variables:
            values[variables[name]] = Value(environ[name], f"{VARIABLE}{name}")
        elif name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_"):
            warnings.append(_unknown(name, variables, "the environment"))

    for key, value in values.items():
        if _NO_TEXT.search(value.text):
            raise SettingsError(
                f"{key} (from {value.source}) is not text: it holds a NUL or is not UTF-8."
            )
    # An empty text is how a key of the template is left out.
    given = {key: value for key, value in values.items() if value.text}
    return Settings(given, source if file else None, tuple(warnings))


def _unknown(name: str, known: Mapping[str, Any], where: str) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"Unknown setting {name[:80]!r} in {where}" + (
        f": did you mean {near[0]!r}?" if near else "; it is ignored."
    )


def _file(environ: Mapping[str, str]) -> Path | None:
    given = environ.get(PATH_VARIABLE)
    if not given:
        return None
    path = Path(given)
    try:
        path = path.expanduser()
        path = path / FILE_NAME if path.is_dir() else path
        there = path.is_file()
    except (OSError, RuntimeError):  # no right to look, a name too long, ~nobody
        there = False
    if not there:
        raise SettingsError(
            f"{PATH_VARIABLE} is {given[:500]!r}, but {str(path)[:500]} does not exist.",
            "Copy env.example.json there and fill it in, or unset the variable.",
        )
    return path


def _read(path: Path) -> dict[str, str]:
    """The file's settings as texts. Errors name line and column, and never repeat a value."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise SettingsError(
            f"{path} is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            "Check quotes and commas there; JSON has neither comments nor a comma before }.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}."
        ) from None
    except (ValueError, RecursionError):
        raise SettingsError(
            f"{path} holds a number of thousands of digits, or is nested too deeply."
        ) from None
    if not isinstance(content, dict):
        raise SettingsError(
            f"{path} holds a {type(content).__name__}, not an object.",
            'Write {"host": "...", ...}.',
        )
    return {key: _as_text(key, value, path) for key, value in content.items() if value is not None}


def _as_text(key: str, value: object, path: Path) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        if key in KEYS:
            raise SettingsError(
                f"{key} in {path} is a {type(value).__name__}, not a text or a whole number."
            )
        return ""
    return str(value)
