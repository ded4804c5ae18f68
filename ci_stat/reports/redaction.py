"""What must not leave the machine, masked in texts that others wrote: secrets by their form, by their place in an
address or a command, by the word before them; and the names of private hosts.

Words that can mean nothing else (`password=`) mask what follows whatever it is. Words with a life of their own
(`token:`) mask what looks drawn by lot: an excerpt whose tokens and test names are torn helps nobody. Every pattern
has bounds, so that a hostile log takes time in proportion to its length.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

MASK = "***"

# Forms that nothing else has. Where one matches it is taken whole; where it fails it fails within its first signs.
_FORMS = re.compile(
    r"gh[opsur]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{22,255}|v1\.[0-9a-f]{40}(?![0-9a-f])"
    r"|gl(?:pat|ptt|ft|rt|dt|soat|cbt|imt|agent|oas|ffct)-[A-Za-z0-9_=.-]{16,300}|GR1348941[\w-]{20,50}"
    r"|xox[abceoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,250}|xapp-\d-[A-Za-z0-9-]{10,250}"
    r"|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"
    r"|AIza[\w-]{35}|ya29\.[\w.-]{20,2000}|GOCSPX-[\w-]{20,50}|1//0[\w-]{40,200}"
    r"|[A-Za-z0-9_~.]{3}\dQ~[\w~.-]{31,34}"
    r"|npm_[A-Za-z0-9]{36,80}|pypi-AgE[\w-]{40,1000}"
    r"|[rs]k_(?:live|test)_[A-Za-z0-9]{10,250}|whsec_[A-Za-z0-9+/=]{20,100}"
    r"|dckr_(?:pat|oat)_[\w-]{20,80}|hf_[A-Za-z]{30,50}|sk-(?:ant-|proj-)?[A-Za-z0-9_-]{40,250}"
    r"|SG\.[\w-]{16,32}\.[\w-]{32,64}|dop_v1_[0-9a-f]{64}|rubygems_[0-9a-f]{48}|hv[bs]\.[\w-]{20,300}"
    r"|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|ATATT3[\w=-]{60,400}|\d{8,10}:AA[\w-]{33}"
    r"|eyJ[\w-]{8,500}\.eyJ[\w-]{8,8000}(?:\.[\w-]{0,2000})?"
)
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY = 8_000  # characters of a private key whose end is missing: the text was cut in it

_SQL = r"(\\?'(?:[^'\\\r\n]|\\[^'\r\n]|''|\\'(?=\w)){1,500}\\?'|\\?\"(?:[^\"\\\r\n]|\\[^\"\r\n]|\"\"){1,500}\\?\")"
# Group 1 stays, group 2 is masked.
_PLACES = tuple(
    re.compile(pattern)
    for pattern in (
        # Webhooks: whoever knows the address may write.
        r"(?i)(hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/)([\w/-]{1,300})",
        r"(?i)(/open-apis/bot/(?:v2/)?hook/)([\w-]{1,100})",
        r"(?i)(discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/)([\w/-]{1,300})",
        r"(?i)(webhook\.office\.com/webhookb2/)([\w@/-]{1,400})",
        r"(?i)(qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=)([\w-]{1,100})",
        r"(?i)(api\.telegram\.org/bot)([\w:-]{1,100})",
        # Addresses and data source names.
        r"(://[^\s/:@\"'<>]{0,200}:)([^\s/\"'<>]{1,300})(?=@)",
        r"(?i)((?<![a-z])dsn[\"']?\s{0,4}[:=]\s{0,4}[\"']?[\w.$%-]{1,100}:)([^\s\"']{1,300})(?=@)",
        r"(?i)(jdbc:oracle:\w{1,10}:[\w.$-]{1,100}/)([^\s@\"']{1,200})(?=@)",
        r"(?i)([?&](?:x-amz-(?:signature|security-token|credential)|x-goog-(?:signature|credential)|signature|sig"
        r"|access_token|private_token|oauth_token|refresh_token|id_token|client_secret|api_?key|password|passwd|pwd"
        r"|awsaccesskeyid|googleaccessid|jwt)=)([^&\s\"'<>#]{1,4000})",
        # Commands and files.
        r"(?i)(<[\w:.-]{0,40}(?:password|passwd|passphrase|secret|token|apikey)>)([^<\r\n]{1,1000})",
        r"(?i)(\blogin\s{1,4}\S{1,100}\s{1,4}password\s{1,4})(\S{1,200})",
        r"(?i)(\b(?:sshpass|docker\s{1,4}login\b[^\r\n]{0,200}?)\s{1,4}-p\s{0,4})([^\s-]\S{0,200})",
        r"(\b(?i:mysql|mariadb)[\w-]{0,20}\s(?:[^\r\n]{0,300}?\s)?-p)"
        r"(?!(?:ort|rotocol|lugin|ath|arallel|kg|roto)\b)([^\s\"']{1,200}|\"[^\"\r\n]{1,200}\"|'[^'\r\n]{1,200}')",
        r"(\b(?i:curl|wget|http)\b(?:[^\r\n]{0,300}?\s)?(?:-u|--user|--proxy-user)[\s=]{1,4}[\"']?[\w.@$-]{0,100}:)"
        r"([^\s\"']{1,200})",
        r"(\b(?i:redis-cli)\b(?:[^\r\n]{0,300}?\s)?(?:-a|--pass)[\s=]{1,4})"
        r"([^\s\"'-][^\s\"']{0,199}|\"[^\"\r\n]{1,200}\"|'[^'\r\n]{1,200}')",
        r"(\b(?i:codecov)\b(?:[^\r\n]{0,300}?\s)?-t[\s=]{1,4}[\"']?)([\w-]{8,200})",
        # SQL: what stands in quotes, which stay.
        rf"(?i)(\bidentified\s{{1,4}}(?:with\s{{1,4}}\S{{1,60}}\s{{1,4}})?(?:by|as)\s{{1,4}}(?:password\s{{1,4}})?){_SQL}",
        rf"(?i)(\bset\s{{1,4}}password\b[^\r\n=]{{0,200}}=\s{{0,4}}(?:\w{{1,20}}\s{{0,4}}\(\s{{0,4}})?){_SQL}",
        # Headers, to the end of the line or of the quotation.
        r"(?i)(\b(?:proxy-)?authorization[\"']?\s{0,4}[:=]\s{0,4}[\[\"']{0,2}"
        r"(?:basic|bearer|token|digest|negotiate|apikey|ntlm|aws4-hmac-sha256)\s{1,4})([^\r\n\"'\]]{1,4000})",
        r"(?i)(cookie2?[\"']?\s{0,4}:\s{0,4}[\[\"']{0,2})((?=[\w.!#$%&*+^|~-]{1,200}=)[^\r\n\"'\]]{1,8000})",
    )
)
# user:password@tcp(host:port)/ and user:password@/, of Go's driver for MySQL
_AT_NETWORK = re.compile(r"@(?:(?:tcp|udp|unix|tls)?\(|/(?=[\w?\s\"'`]|$))")
_USER = re.compile(r"[^\s\"'`/]{1,300}\Z")
# Where a word may stand as well: masked if it looks drawn by lot.
_MAYBE = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i)(\b(?:proxy-)?authorization[\"']?\s{0,4}[:=]\s{0,4}[\[\"']{0,2})([^\s\"'\],]{8,4000})",
        r"(?i)(\bbearer[\"']?(?:\s{1,4}|\s{0,4}[:=]\s{0,4}[\"']?))([\w.~+/=-]{8,4000})",
        r"(?i)(\bpass(?:word|phrase)[ \t]{1,4}for[ \t]{1,4}(?:'[^'\r\n]{1,200}'|[^\r\n:]{1,100}):[ \t]{1,4})"
        r"([^\s\"'<>]{6,300})",
        # On the next line, by itself.
        r"(?im)((?:pass(?:word|wd|phrase)|pwd|secret|token)[ \t]{0,4}[:=][ \t]{0,4}\r?\n[ \t]{0,40})"
        r"([^\s\"'<>=]{8,300})(?=[ \t]{0,40}\r?$)",
        r"(?i)([?&](?:token|key|code|auth|sign|secret|session|sid|st)=)([^&\s\"'<>#]{6,4000})",
        r"(://)([^\s/:@\"'<>]{8,300})(?=@)",
    )
)

_WORDS = (
    r"pass(?:word|wd|phrase|code)|pwd|secret[_-]?key(?:[_-]?base)?|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?"
    r"|account[_-]?key|shared[_-]?access[_-]?(?:key|signature)|private[_-]?key|signing[_-]?key|encryption[_-]?key"
    r"|key[_-]?data|auth|credentials?|session[_-]?(?:id|key)|jwt|webhook|client[_-]?key|kube[_-]?config"
    r"|(?<![a-z])(?:pass|pw|creds?|sk)|(?-i:(?<=[a-z])Pass)"
)
_QUOTED = r"\\?\"(?:[^\"\\\r\n]|\\[^\"\r\n]){1,2000}\\?\"|'[^'\r\n]{1,2000}'|`[^`\r\n]{1,2000}`"
_ASSIGNED = re.compile(
    rf"(?i)(?P<word>{_WORDS})\d{{0,3}}"
    rf"(?P<between>\\?[\"'`]?\]?(?:[ \t]{{0,4}}(?::=|=>|==|=|:|%3[AaDd])[ \t]{{0,4}}|[ \t]{{1,4}}(?=[\"'`])))"
    rf"(?P<value>{_QUOTED}|[^\s\"'`&<>]{{1,200}})"
)
_FLAG = re.compile(
    rf"(?i)(?<![\w-])--?[\w-]{{0,40}}?(?P<word>{_WORDS})(?P<between>[ \t]{{1,4}})"
    rf"(?P<value>{_QUOTED}|[^\s\"'`-][^\s\"'`&<>]{{0,199}})"
)
_REST = re.compile(r"[^\s\"'`&<>]*")  # of a value of which 200 signs were enough to tell what it is
# Tests speak so too: `pass: 12`, `PASS: TestX`.
_BRIEF = re.compile(r"(?i)pass|pw|creds?|sk")
_RESULT = re.compile(r"(?i)[\d.,/%]+|ok|(?:pass|fail|skip+)(?:ed)?|Test.*|\S*(?:\.go|_test|::|\.py).*")
_SURE = re.compile(r"(?i)pass(?:word|wd|phrase)|pwd|secret[_-]?key|account[_-]?key|shared|key[_-]?data")
_NOTHING = re.compile(
    r"(?i)(?:\*+|x{3,}|\.{3}|true|false|yes|no|on|off|null|nil|none|undefined|empty|unset|\[?(?:redacted|masked|hidden|secure|filtered)\]?|\d\d?"
    r"|required|optional|missing|invalid|incorrect|wrong|expired|string|str|bytes|any|object|type"
    r"|\$(?-i:[A-Z_])\w*|\$?\{.*|\$\(.*|%[-\w(].*|\[\]?)?"
)
_PARSING = re.compile(r"(?i)(?:expected|illegal|invalid|next|got|bad|unknown|syntax|parse[rd]?)[\w :,'\"-]{0,20}$")
# The working directory, and the command that prints it; files of keys.
_FOLDER = re.compile(
    r"(?i)pwd(?:[=:> ]*[/~]|: )|(?:kube[_-]?config|client[_-]?key)\W{1,8}?(?:[/~.]|\S*[/.](?:pem|key|ya?ml)$)"
)
_PUBLIC = re.compile(r"(?i)public[_-]?(?:key[_-]?)?$")  # `PublicKeyToken=`
_OF_TEST = re.compile(r"(?:(?<![A-Za-z])(?:Test|Benchmark|Example|Fuzz)|::test)[\w/.:-]{0,80}$")
_CALL = re.compile(r"\w\(")
_TAIL = ",;)}]\\"
_WORDLIKE = re.compile(r"[A-Za-z_./:*-]*\d{0,3}")
_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[^\W\d_]")
_SWITCHES = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]")
# Colours of a terminal, controls, and what has no width.
_UNSEEN = re.compile(
    r"\x1b\[[\d;]{0,20}[A-Za-z]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_PASSES = 4  # what is masked changes what stands before the next word
_NAME = 300  # characters of a text that is likely to come again
_WINDOW, _EDGE = 20_000, 500
_AROUND = 100  # characters before a word that say what sort of text it is


def redacted(text: str, hosts: Sequence[str] = ()) -> str:
    """`text` with *** in place of each secret and of each private host. Twice is once.

    `hosts`: names, `*.corp.example` for a domain and all below it, addresses, and networks such as `10.0.0.0/8`.
    """
    return _of_name(text, tuple(hosts)) if len(text) <= _NAME else _until_it_stays(text, tuple(hosts))


def redacted_beginning(text: str, limit: int, hosts: Sequence[str] = ()) -> str:
    """`text` redacted, or of a far longer one than `limit` enough of its beginning to be cut there.

    The end of that beginning is left out: it may hold half a secret, which is not found.
    """
    window = max(_WINDOW, 10 * limit)
    return redacted(text, hosts) if len(text) <= window else redacted(text[:window], hosts)[:-_EDGE]


@lru_cache(maxsize=1024)
def _of_name(text: str, hosts: tuple[str, ...]) -> str:
    """Names stand in a text many times."""
    return _until_it_stays(text, hosts)


def _until_it_stays(text: str, hosts: tuple[str, ...]) -> str:
    """What signs that nobody sees have torn is found where they are taken out: then they stay out."""
    shown = _passes(text, hosts)
    if not _UNSEEN.search(shown):
        return shown
    bare = _UNSEEN.sub("", shown)
    found = _passes(bare, hosts)
    return shown if found == bare else found


def _passes(text: str, hosts: tuple[str, ...]) -> str:
    for _ in range(_PASSES):
        before, text = text, _once(text, hosts)
        if text == before:
            break
    return text


def _once(text: str, hosts: tuple[str, ...]) -> str:
    text = _without_keys(text)
    for pattern in _PLACES:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    text = _FORMS.sub(MASK, _without_users(text))
    for pattern in _MAYBE:
        text = pattern.sub(_if_random, text)
    text = _each(_FLAG, _flag, _each(_ASSIGNED, _assigned, text))
    return _hidden(hosts).sub(text) if hosts else text


def _each(pattern: re.Pattern[str], mask: Callable[[re.Match[str]], str | None], text: str) -> str:
    """What follows each word, masked where `mask` says how. Where it says None the next word may be what followed."""
    parts, at, done = [], 0, 0
    while match := pattern.search(text, at):
        shown = mask(match)
        at = match.start("value") if shown is None else match.end()
        if shown is not None:
            parts += [text[done : match.start()], shown]
            rest = _REST.match(text, at) if len(match["value"]) == 200 else None
            done = at = rest.end() if rest else at
    return "".join((*parts, text[done:]))


def _without_keys(text: str) -> str:
    parts, at = [], 0
    while begin := _KEY_BEGINS.search(text, at):
        end = _KEY_ENDS.search(text, begin.end())
        parts += [text[at : begin.start()], f"{MASK} private key {MASK}"]
        at = end.end() if end else begin.end() + _KEY
    return "".join((*parts, text[at:]))


def _without_users(text: str) -> str:
    """Passwords before `@tcp(`, looked for backwards: what stands before any colon would be far too much."""
    parts, at = [], 0
    for found in _AT_NETWORK.finditer(text):
        user = _USER.search(text[max(at, found.start() - 300) : found.start()])
        if user and user[0].partition(":")[2]:
            parts += [text[at : found.start() - len(user[0])], user[0].partition(":")[0], ":", MASK]
            at = found.start()
    return "".join((*parts, text[at:]))


def _if_random(match: re.Match[str]) -> str:
    return f"{match[1]}{MASK}" if _random(match[2].rstrip(_TAIL)) else match[0]


def _random(value: str, least: int = 8) -> bool:
    """Whether it looks drawn by lot, and not written by a person or by a compiler."""
    if len(value) < least or _CALL.search(value):
        return False
    if _WORDLIKE.fullmatch(value):
        return len(value) >= 20 and value.isalnum() and len(_SWITCHES.findall(value)) >= 5
    return _DIGIT.search(value) is not None and _LETTER.search(value) is not None


def _assigned(match: re.Match[str]) -> str | None:
    """`password=x` in the many ways in which files, programs and people write it."""
    before = match.string[max(0, match.start() - _AROUND) : match.start()].rpartition("\n")[2]
    value, between = _bare(match["value"]), match["between"]
    if _means_nothing(match, before, value):
        return None
    quoted = not match["value"].startswith(value)
    if _OF_TEST.search(before) or _PARSING.search(before):
        found = _random(value, 20)
    elif not between.strip(" \t\\\"'`]"):
        found = _random(value)  # `token "x"`
    elif _BRIEF.fullmatch(match["word"]):
        found = _is_brief(match, before, value, quoted)
    elif _is_sure(match["word"], between, quoted):
        found = not (_sentence(match, value) or (not quoted and _is_code(between, value)))
    else:
        found = _random(value)
    return _with_mask(match, value) if found else None


def _means_nothing(match: re.Match[str], before: str, value: str) -> bool:
    if _NOTHING.fullmatch(value) or _PUBLIC.search(before):
        return True
    return before.endswith("$") or _FOLDER.match(f"{match['word']}{match['between']}{value}") is not None


def _is_sure(word: str, between: str, quoted: bool) -> bool:
    """Whether no other word follows this one: `password`, `secret=`, a variable of the environment."""
    if _SURE.search(word):
        return True
    return "=" in between and (word.lower() == "secret" or word.isupper()) and (quoted or between == "=")


def _is_brief(match: re.Match[str], before: str, value: str, quoted: bool) -> bool:
    """Whether a word of four letters at most is a password's: `DB_PASS=x`, `pass: x`."""
    word, between, named = match["word"], match["between"], before.endswith(("_", "-"))
    if _RESULT.fullmatch(value):
        return named and value.isdigit() and len(value) > 2
    if word.lower() == "sk":
        return _random(value)
    if word == "PASS" and not named and "=" not in between:
        return False
    return named or quoted or not between.strip("=") or between.startswith("%") or _random(value, 6)


def _sentence(match: re.Match[str], value: str) -> bool:
    """Whether people speak of a password: `password: wrong for user root`."""
    after = match.string[match.end() : match.end() + 3]
    return ":" in match["between"] and value.isalpha() and value.islower() and after[:1] == " " and after[1:2].isalpha()


def _is_code(between: str, value: str) -> bool:
    return " " in between and ("==" in between or _CALL.search(value) is not None)


def _flag(match: re.Match[str]) -> str | None:
    """`--password x`."""
    value = _bare(match["value"])
    after = match.string[match.end() : match.end() + 3]
    spoken = value.isalpha() and value.islower() and after[:1] == " " and after[1:2].isalpha()
    sure = _SURE.search(match["word"]) or match["word"] in ("pass", "pw") or _DIGIT.search(value)
    if _NOTHING.fullmatch(value) or spoken or not (sure or _random(value)):
        return None
    return _with_mask(match, value)


def _bare(value: str) -> str:
    """A value without its quotation marks, or without the signs that close what it stands in."""
    for mark in ('\\"', '"', "'", "`"):
        if len(value) > 2 * len(mark) and value.startswith(mark) and value.endswith(mark):
            return value[len(mark) : -len(mark)]
    return value.rstrip(_TAIL)


def _with_mask(match: re.Match[str], value: str) -> str:
    start = match.start("value") - match.start()
    kept = match["value"].partition(value)
    return f"{match[0][:start]}{kept[0]}{MASK}{kept[2]}"


# ------------------------------------------------------------------------------------------------------ hosts

_V4 = re.compile(r"(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)")
_V6 = re.compile(r"(?i)(?<![0-9a-f:.])[0-9a-f:.]{2,60}(?![0-9a-f:.])")
_HOST_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")


class _Hosts:
    """The private hosts of one list."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = []
        names: list[str] = []
        domains: list[str] = []
        for host in filter(None, map(str.strip, hosts)):
            try:
                self._networks.append(ip_network(host, strict=False))
            except ValueError:
                (domains if host.startswith("*.") else names).append(host)
        self._names = _any_of([_name(name) for name in names])
        self._domains = _any_of([re.escape(domain[2:]) + r"(?![\w-])" for domain in domains if domain[2:]])

    def sub(self, text: str) -> str:
        if self._domains:
            text = self._without_domains(text, self._domains)
        if self._names:
            text = self._names.sub(MASK, text)
        if self._networks:
            text = _V6.sub(self._address, _V4.sub(self._address, text))
        return text

    def _without_domains(self, text: str, domains: re.Pattern[str]) -> str:
        """With the labels before the domain: they are looked for backwards, so that long ones cost nothing."""
        parts, at = [], 0
        for found in domains.finditer(text):
            start = found.start()
            if start > at and text[start - 1] == ".":
                while start > at and text[start - 1] in _HOST_SIGNS:
                    start -= 1
            elif start > at and text[start - 1] in _HOST_SIGNS:
                continue  # another domain that ends so
            parts += [text[at:start], MASK]
            at = found.end()
        return "".join((*parts, text[at:]))

    def _address(self, match: re.Match[str]) -> str:
        try:
            address = ip_address(match[0].rstrip("."))
        except ValueError:
            return match[0]
        inside = any(address.version == each.version and address in each for each in self._networks)
        return MASK + match[0][len(match[0].rstrip(".")) :] if inside else match[0]


def _any_of(patterns: list[str]) -> re.Pattern[str] | None:
    return re.compile("(?i)" + "|".join(sorted(patterns, key=len, reverse=True))) if patterns else None


def _name(name: str) -> str:
    """A name of one word is masked as a word, one with dots wherever it stands."""
    pattern = r"[\w-]{0,63}".join(map(re.escape, name.split("*")))
    return pattern if "." in name else rf"(?<![\w-]){pattern}(?![\w-])"


@lru_cache(maxsize=16)
def _hidden(hosts: tuple[str, ...]) -> _Hosts:
    return _Hosts(hosts)
