"""Which entry of a matrix a result file belongs to: labels in its path, or in the file.

CI artifacts are folders or archives whose names state the entry: `results-spark=3.5.7-db=tidb`. A
label begins with `key=` at the begin of a name or behind `-`, `,`, `;`, `+` or a space, and ends
before the next one. In a name that is a key of `ci-stat matrix` and nothing else, escapes such as
%2F stand for characters that names cannot have. Without a label, the first folder below the path
that was named is the entry.
"""

import html
import re
from collections.abc import Mapping
from urllib.parse import unquote

from ci_stat.errors import UsageError
from ci_stat.escape import visible
from ci_stat.test_results.labels_text import label_pairs

MAX_LABELS = 30
_KEY = r"[A-Za-z][\w.]{0,63}"
_PAIR = re.compile(rf"(?:^|[-,;+ ])({_KEY})=(.{{0,200}}?)(?=[-,;+ ]+{_KEY}=|$)")
_VALUE = r"([^,=/\\]{1,200})"
_KEY_PAIR = re.compile(rf"([A-Za-z_][\w.]{{0,63}})={_VALUE}")
_KEY_PAIR_WITH_HYPHENS = re.compile(rf"([\w.-]{{1,64}})={_VALUE}")
_SUFFIXES = re.compile(r"(?:\.(?:xml|trx|jsonl?|ndjson|zip|gz|zst|xz|bz2))+$")
_PROPERTY = re.compile(r'<property\s+name="label\.([\w.-]{1,64})"\s+value="([^"<>]{0,200})"')
_HOLE = re.compile(r"\{(\w+)\}")


def labels_of_path(path: str, with_hyphens: bool = False) -> dict[str, str]:
    """Return the labels that the parts of a path state; inner parts win.

    >>> labels_of_path("all/results-spark=3.5.7-rc-1-db=tidb/junit.xml")
    {'spark': '3.5.7-rc-1', 'db': 'tidb'}

    `with_hyphens`: whether keys of `ci-stat matrix` may have names with hyphens.
    """
    pair = _KEY_PAIR_WITH_HYPHENS if with_hyphens else _KEY_PAIR
    labels: dict[str, str] = {}
    for part in parts_of_path(path):
        labels.update(_labels_of_key(part, pair) or _PAIR.findall(part))
    return labels


def _labels_of_key(part: str, pattern: re.Pattern[str]) -> dict[str, str]:
    """Return the labels of a name that is a key of `ci-stat matrix` and nothing else, unescaped."""
    pairs = [pattern.fullmatch(text) for text in part.split(",")]
    return {pair[1]: unquote(pair[2]) for pair in pairs if pair and all(pairs)}


def labels_of_text(head: str) -> dict[str, str]:
    """Return the labels that properties named `label.KEY` state at the begin of a JUnit file."""
    pairs = _PROPERTY.findall(head)[:MAX_LABELS]
    return {key: html.unescape(value) for key, value in pairs}


class LabelPattern:
    """Takes labels from the parts of a path by a pattern such as `results-{spark}-{scenario}`."""

    def __init__(self, text: str) -> None:
        """Raises UsageError for a pattern without a key."""
        keys = _HOLE.findall(text)
        if not keys or len(keys) != len(set(keys)):
            shown = visible(text, 100)
            hint = "Write each key once in braces: --label-from 'results-{spark}-{scenario}'."
            raise UsageError(f"--label-from {shown!r} names no labels.", hint)
        literals = [re.escape(part) for part in re.split(r"\{\w+\}", text)]
        groups = [f"(?P<{key}>.+?)" for key in keys] + [""]
        pattern = "".join(f"{a}{b}" for a, b in zip(literals, groups, strict=True))
        self._pattern = re.compile(pattern)

    def labels(self, path: str) -> dict[str, str]:
        """Return the labels of the first part that the whole pattern fits."""
        for part in parts_of_path(path):
            if len(part) < 300 and (match := self._pattern.fullmatch(part)):
                return match.groupdict()
        return {}


def entry_name(labels: Mapping[str, str], path: str, roots: tuple[str, ...]) -> str:
    """Return the name of the entry: its labels, else its folder below the root, else ""."""
    if labels:
        return label_pairs(labels)
    for root in roots:
        prefix = root.rstrip("/") + "/"
        if path.startswith(prefix):
            folder, slash, _ = path.removeprefix(prefix).partition("/")
            return _SUFFIXES.sub("", folder) if slash else ""
    return ""


def parts_of_path(path: str) -> list[str]:
    """Return the names of folders, archives and the file, without suffixes."""
    parts = [part for part in re.split(r"[/\\]", path) if part not in ("", ".", "..")]
    return [_SUFFIXES.sub("", part) for part in parts]
