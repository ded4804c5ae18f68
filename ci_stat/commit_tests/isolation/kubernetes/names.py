"""Names and labels of what is ours in a cluster. Pure."""

import hashlib
import re
from dataclasses import dataclass

LABEL = "ci-stat.dev"
OWNER = f"{LABEL}/owner"  # which server made it: only its own things are swept
RUN, STEP, COMMIT = f"{LABEL}/run", f"{LABEL}/step", f"{LABEL}/commit"
USED_AT = f"{LABEL}/used-at"  # an annotation: when a session began or ended a run, in UTC
NETWORK = f"{LABEL}/network"  # "allowed" for steps that may use the network
MANAGED = "app.kubernetes.io/managed-by"
MANAGER = "ci-stat"

_UNSAFE = re.compile(r"[^a-z0-9-]+")
_MAX_NAME = 63
_DIGEST = 8


@dataclass(frozen=True, slots=True)
class Session:
    """Whose runs they are. `owner`: names this server; `prefix`: of its namespaces."""

    user_id: str
    chat_id: str
    owner: str
    prefix: str = "ci-stat"

    @property
    def namespace(self) -> str:
        """The namespace `<prefix>-chat-<chat_id>-user-<user_id>`, made safe.

        Where that changes anything, a digest of the ids follows: two sessions never share one.
        """
        wanted = f"{self.prefix}-chat-{self.chat_id}-user-{self.user_id}"
        return safe_name(wanted)

    @property
    def labels(self) -> dict[str, str]:
        """The labels of everything of this session."""
        return {MANAGED: MANAGER, OWNER: label_value(self.owner)}


def safe_name(wanted: str) -> str:
    """Return a DNS label: `wanted` if it is one, else its safe letters and a digest of it."""
    safe = _UNSAFE.sub("-", wanted.lower()).strip("-")
    if safe == wanted and len(wanted) <= _MAX_NAME:
        return wanted
    digest = hashlib.sha256(wanted.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGEST]
    head = safe[: _MAX_NAME - _DIGEST - 1].strip("-")
    return f"{head}-{digest}" if head else f"n-{digest}"


def label_value(text: str) -> str:
    """Return a valid value of a label."""
    return safe_name(text)
