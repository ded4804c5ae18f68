"""Mask secrets by the keyword before them: `password=x`, `--token x`, `"secret": "x"`.

A keyword with only one meaning (`password=`) masks any value. A keyword with other meanings
(`token:`) masks only a value that looks random: an excerpt without its tokens and test names is
useless.
"""

import re
from collections.abc import Callable

from ci_stat.redaction.entropy import MASK, NOTHING, has_digit, is_call, is_random, unquoted
from ci_stat.redaction.short_keywords import is_short_keyword, names_password

_KEYWORDS = (
    r"pass(?:word|wd|phrase|code)|pwd|secret[_-]?key(?:[_-]?base)?|secret|token|api[_-]?key"
    r"|access[_-]?key(?:[_-]?id)?"
    r"|account[_-]?key|shared[_-]?access[_-]?(?:key|signature)|private[_-]?key|signing[_-]?key"
    r"|encryption[_-]?key"
    r"|key[_-]?data|auth|credentials?|session[_-]?(?:id|key)|jwt|webhook|client[_-]?key"
    r"|kube[_-]?config"
    r"|(?<![a-z])(?:pass|pw|creds?|sk)|(?-i:(?<=[a-z])Pass)"
    r"|密码|密碼|口令|密钥|秘钥|密鑰|令牌|凭证|パスワード|トークン|비밀번호|пароль|passwort|kennwort"
    r"|mot de passe|contraseña|senha"
)
_QUOTED = r"\\?\"(?:[^\"\\\r\n]|\\[^\"\r\n]){1,2000}\\?\"|'[^'\r\n]{1,2000}'|`[^`\r\n]{1,2000}`"
_ASSIGNED = re.compile(
    rf"(?i)(?P<word>{_KEYWORDS})\d{{0,3}}"
    rf"(?P<between>\\?[\"'`]?\]?"
    rf"(?:[ \t]{{0,4}}(?::=|=>|==|=|:|：|＝|[为為是][：:]?|%3[AaDd])[ \t]{{0,4}}"
    rf"|[ \t]{{1,4}}(?=[\"'`])))"
    rf"(?P<value>{_QUOTED}|[^\s\"'`&<>，。；、！？）」]{{1,200}})"
)
_FLAG = re.compile(
    rf"(?i)(?<![\w-])--?[\w-]{{0,40}}?(?P<word>{_KEYWORDS})(?P<between>[ \t]{{1,4}})"
    rf"(?P<value>{_QUOTED}|[^\s\"'`-][^\s\"'`&<>]{{0,199}})"
)
_MAX_VALUE = 200  # characters of an unquoted value that are judged; the rest is masked with it
_REST = re.compile(r"[^\s\"'`&<>，。；、！？）」]*")
_SURE = re.compile(
    r"(?i)pass(?:word|wd|phrase)|pwd|secret[_-]?key|account[_-]?key|shared|key[_-]?data"
    r"|密码|密碼|口令|パスワード|비밀번호|пароль|passwort|kennwort|mot de passe|contraseña"
)
_PARSER_MESSAGE = re.compile(
    r"(?i)(?:expected|illegal|invalid|next|got|bad|unknown|syntax|parse[rd]?)[\w :,'\"-]{0,20}$"
)
# The working directory and the command that prints it; files with keys.
_PATH = re.compile(
    r"(?i)pwd[\"'\]=:> ]*(?:[/~]|[a-z]:[\\/])"
    r"|(?:kube[_-]?config|client[_-]?key)\W{1,8}?(?:[/~.]|\S*[/.](?:pem|key|ya?ml)$)"
)
_PUBLIC = re.compile(r"(?i)public[_-]?(?:key[_-]?)?$")  # `PublicKeyToken=`
_TEST_NAME = re.compile(r"(?:(?<![A-Za-z])(?:Test|Benchmark|Example|Fuzz)|::test)[\w/.:-]{0,80}$")
_COLONS = frozenset(":：")
_EASTERN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")  # words, never a password
_BEFORE = 100  # characters before a keyword that show the kind of text


def mask_named(text: str) -> str:
    """Mask the values of keywords: `password=x`, `--password x`."""
    return _mask_values(_FLAG, _masked_flag, _mask_values(_ASSIGNED, _masked_assignment, text))


def _mask_values(
    pattern: re.Pattern[str], mask: Callable[[re.Match[str]], str | None], text: str
) -> str:
    """Replace each match by `mask(match)`.

    If `mask` returns None, the match stays and its value is searched for the next keyword.
    """
    parts, position, done = [], 0, 0
    while match := pattern.search(text, position):
        masked = mask(match)
        if masked is None:
            position = match.start("value")
            continue

        parts += [text[done : match.start()], masked]
        done = match.end()
        if len(match["value"]) == _MAX_VALUE and (rest := _REST.match(text, done)):
            done = rest.end()
        position = done

    return "".join((*parts, text[done:]))


def _masked_assignment(match: re.Match[str]) -> str | None:
    """Mask `password=x` and its other spellings in files, programs and messages."""
    before = match.string[max(0, match.start() - _BEFORE) : match.start()].rpartition("\n")[2]
    value = unquoted(match["value"])
    if _is_harmless(match, before, value):
        return None
    return _with_mask(match, value) if _is_secret(match, before, value) else None


def _is_secret(match: re.Match[str], before: str, value: str) -> bool:
    word, between = match["word"], match["between"]
    is_quoted = not match["value"].startswith(value)

    if _TEST_NAME.search(before) or _PARSER_MESSAGE.search(before):
        return is_random(value, 20)
    if not between.strip(" \t\\\"'`]"):
        return is_random(value)  # `token "x"`
    if is_short_keyword(word, between):
        return names_password(match, before, value, is_quoted)
    if _has_one_meaning(word, between, is_quoted):
        is_code = not is_quoted and _is_code(between, value)
        return not is_code and not _is_sentence(match, value)
    return is_random(value)


def _is_harmless(match: re.Match[str], before: str, value: str) -> bool:
    if NOTHING.fullmatch(value) or _PUBLIC.search(before) or before.endswith("$"):
        return True
    return _PATH.match(f"{match['word']}{match['between']}{value}") is not None


def _has_one_meaning(word: str, between: str, is_quoted: bool) -> bool:
    """Whether the keyword can only name a secret: `password`, `secret=`, `API_TOKEN=`."""
    if _SURE.search(word):
        return True
    is_name = word.lower() == "secret" or word.isupper()
    return is_name and "=" in between and (is_quoted or between == "=")


def _is_sentence(match: re.Match[str], value: str) -> bool:
    """Whether the text is prose about a password: `password: wrong for user root`, `密码：错误`."""
    if _EASTERN.fullmatch(value):
        return True
    has_colon = not _COLONS.isdisjoint(match["between"])
    return has_colon and _is_prose(match, value)


def _is_prose(match: re.Match[str], value: str) -> bool:
    """Whether the value is a lowercase word, and another word follows."""
    after = match.string[match.end() : match.end() + 3]
    is_word = value.isalpha() and value.islower()
    return is_word and after[:1] == " " and after[1:2].isalpha()


def _is_code(between: str, value: str) -> bool:
    return " " in between and ("==" in between or is_call(value))


def _masked_flag(match: re.Match[str]) -> str | None:
    """Mask `--password x`."""
    value = unquoted(match["value"])
    if NOTHING.fullmatch(value) or _is_prose(match, value):
        return None

    is_sure = _SURE.search(match["word"]) or match["word"] in ("pass", "pw")
    if is_sure or has_digit(value) or is_random(value):
        return _with_mask(match, value)
    return None


def _with_mask(match: re.Match[str], value: str) -> str:
    start = match.start("value") - match.start()
    before, _, after = match["value"].partition(value)
    return f"{match[0][:start]}{before}{MASK}{after}"
