"""The kind of a failure that no rule knows, by the words and the shape of its lines.

Conservative: without clear words the kind is `unknown`.
"""

import re
from collections.abc import Sequence

from ci_stat.records import FailureKind

_TIMEOUT = re.compile(
    r"\btimed[ -]?out\b|\btime(?:out)? (?:limit )?(?:exceeded|expired|reached)\b"
    r"|\bdeadline exceeded\b|\bexceeded (?:the )?(?:maximum )?(?:time|timeout)\b"
    r"|\btook too long\b|\bno output (?:has been|was) received\b",
    re.IGNORECASE,
)
_ENVIRONMENT = re.compile(
    r"\bno space left\b|\bdisk quota exceeded\b|\bout of memory\b|\bcannot allocate memory\b"
    r"|\bconnection (?:was )?(?:refused|reset|closed|aborted|timed out)\b|\bbroken pipe\b"
    r"|\b(?:could not|couldn't|cannot|failed to) (?:resolve|connect|reach|download|fetch)\b"
    r"|\bname resolution\b|\bnetwork is unreachable\b|\bno route to host\b|\btoo many requests\b"
    r"|\brate limit\b|\bservice unavailable\b|\bbad gateway\b|\binternal server error\b"
    r"|\b(?:HTTP|status|code|error)\W{1,3}(?:[45]\d\d)\b|\bSSL(?: connect)? error\b"
    r"|\bdisconnected\b|\bread-only file system\b|\bfailed to upload\b|\bunauthorized\b",
    re.IGNORECASE,
)
_CRASH = re.compile(
    r"\bSegmentation fault\b|\bcore dumped\b|\bSIG(?:SEGV|ABRT|BUS|ILL)\b|\bsegfault\b"
)
_SETUP = re.compile(
    r"\bcommand not found\b|\bunable to locate package\b|\bnot (?:been )?installed\b"
    r"|\bno package called\b|\bcannot find (?:module|package)\b|\bmodule not found\b"
    r"|\bno module named\b|\bcould not find (?:a version|artifact|gem|package|remote)\b"
    r"|\bno matching (?:version|distribution|package)|\bcould not be resolved to\b"
    r"|\bpackages? (?:\w+ ){0,3}not (?:found|available)\b|\brequire[sd]? \S+ version\b"
    r"|\b(?:unknown|unrecognized|unsupported|invalid|illegal)"
    r" (?:command|option|flag|argument|switch|task|target)\b"
    r"|\bflag provided but not defined\b|\bunsupported \w+ version\b"
    r"|\bremote branch \S+ not found\b|\bdid not match any\b|\bno \w*file found\b"
    r"|\bno such (?:task|target|command)\b|\btask never defined\b|\bnever defined\b"
    r"|\bpermission denied\b|\bPackage required but not available\b",
    re.IGNORECASE,
)
_COMPILE = re.compile(
    r"^\S+?[:(]\d+(?:[:,]\d+)?\)?: ?(?:fatal )?error\b|\bsyntax error\b|\bSyntaxError\b"
    r"|\bparse error\b|\bundefined reference to\b|\bundefined symbols?\b|\bundeclared\b"
    r"|\bcannot find symbol\b|\bnot in scope\b|\bno such module\b|\bimplicit declaration\b"
    r"|\bCompil(?:ation|e) ?(?:[Ee]rror|failed|FAILED)\b|\bld(?:\.\w+)? returned\b"
    r"|\berror\[E\d+\]|\berror (?:TS|CS|C|LNK)\d{3,5}\b|\bcould not compile\b|\bUnable to compile\b"
)
_FINDING = re.compile(
    r"^\s*(?:\S+?: ?)?\d+(?::\d+)?:?\s+(?:error|warning|[A-Z]{1,4}\d{2,4})\b"
    r"|^\S+?:\d+:\d+: (?!.*\berror\b)"
)
_CHECK = re.compile(
    r"\blint(?:er|ing|s)?\b|\bnot (?:properly )?formatted\b|\btrailing (?:white ?)?space"
    r"|\bwould (?:be )?reformat|\bcode style\b|\bstyle (?:error|violation|issue)s?\b"
    r"|\b(?:unused|misspelled|misspelling|typos?)\b|\bline (?:is )?too long\b|\bbroken links?\b"
    r"|\bcoverage\b.{0,60}\b(?:threshold|below|not met|not reached|less)\b"
    r"|\bsorted\b|\bindentation\b|\bplease (?:run|apply|format|use)\b",
    re.IGNORECASE,
)
_FRAME = re.compile(
    r"^\s+at \S.{0,300}[(:]|^\s+File \".{1,300}\", line \d|^\s*(?:from )?\S+:\d+:in [`'\"]"
)
_DIFF = re.compile(r"^(?:diff --git |@@ -\d)")

# Words of the message: a time limit or a signal explains what else the lines say; a missing tool
# or server does not explain an error of a compiler.
_FIRST = ((FailureKind.TIMEOUT, _TIMEOUT), (FailureKind.CRASH, _CRASH))
_LATER = (
    (FailureKind.SETUP, _SETUP),
    (FailureKind.ENV, _ENVIRONMENT),
    (FailureKind.CHECK, _CHECK),
)


def kind_of(texts: Sequence[str], message: str, case: str) -> FailureKind:
    """Return the kind of a failure from its lines, the best of them, and the name of its case."""
    if case:
        return FailureKind.CASE
    for kind, pattern in _FIRST:
        if pattern.search(message):
            return kind

    if sum(bool(_FRAME.match(text)) for text in texts) > 1:
        return FailureKind.PANIC
    if any(map(_COMPILE.search, texts)):
        return FailureKind.COMPILE

    for kind, pattern in _LATER:
        if pattern.search(message):
            return kind
    is_check = any(_FINDING.search(text) or _DIFF.match(text) for text in texts)
    return FailureKind.CHECK if is_check else FailureKind.UNKNOWN
