"""Texts that attack a terminal, a page or a spreadsheet, in every text column of a row."""

import unicodedata
from typing import Any

from ci_stat.records import RunRow
from tests.support.rows import BEGIN, pull

ANSI = "\x1b[2J\x1b[31mX\x9b5m\x1b]0;title\x07"
ATTACKS = (
    ANSI,
    "two\nlines\r\tand\x0b\x0c\x1c\x85\u2028\u2029more",
    "abc\u202egpj.exe\u2066\u200b\ufeff\U000e0041",
    "\0\x01\x08\x7f\x80\x9f",
    "[red]markup[/red] :smile: {0} %s %(x)s <script>alert(1)</script>",
    "=HYPERLINK(1)",
)


def rows() -> list[RunRow]:
    """Three runs for every attack: a failed pull request, a failed nightly, an unknown status."""
    made = []
    for number, attack in enumerate(ATTACKS, 1):
        analysis = {"case": [f"{attack}{number}"], "env": [attack]}
        texts: dict[str, Any] = {"time": BEGIN, "duration": 1, "branch": attack, "comment": attack}
        parameters = pull(
            number,
            ghprbPullTitle=attack,
            ghprbPullAuthorLogin=attack,
            ghprbPullLink=f"https://{attack}",
        )
        made += [
            RunRow(
                f"{attack} pr",
                number,
                "FAILURE",
                **texts,
                commit=attack,
                repo=f"{attack}/r{number}",
                description=parameters,
                analysis_res=analysis,
            ),
            RunRow(f"{attack} nightly", number, "FAILURE", **texts, analysis_res=analysis),
            RunRow(
                attack, number, attack, **texts, repo=f"{attack}/r{number}", description=parameters
            ),
        ]
    return made


# Format characters that print something of their own: Arabic number signs and the like.
_PRINTING_FORMAT = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
_SHOW_NOTHING = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180e\u3164\uffa0\U000e0100"


def harmful(char: str) -> bool:
    """Whether a character acts on a terminal, reorders text or hides."""
    if char in _SHOW_NOTHING:
        return True
    category = unicodedata.category(char)
    return category in ("Cc", "Zl", "Zp", "Cs") or (
        category == "Cf" and ord(char) not in _PRINTING_FORMAT
    )


def raw(text: str) -> set[str]:
    """The harmful characters of an output, but for its line ends."""
    return {char for char in text if char != "\n" and harmful(char)}
