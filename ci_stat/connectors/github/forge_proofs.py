"""What GitHub answers to the writes of a campaign, and whether it proves them. Pure.

An answer that lacks what was asked for proves nothing: a proxy or a login page may have sent it.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from ci_stat.connectors.github.forge_schema import pull_of, ref_name, ref_sha
from ci_stat.connectors.github.responses import CallResult, CallState
from ci_stat.connectors.github.schema import Fields, SchemaError, comment_of, label_of
from ci_stat.records import DeliveryState
from ci_stat.records.forge import ForgeWrite

Proof = Callable[[Any], ForgeWrite]

_SHA = re.compile("[0-9a-f]{40,64}")


def forge_write(result: CallResult, proof: Proof, code: int = 201) -> ForgeWrite:
    """The outcome of a write; UNCERTAIN without a valid answer.

    `proof`: reads the JSON of the answer, and raises SchemaError. `code`: of a success.
    """
    if result.state is CallState.UNKNOWN:
        return _uncertain(result, result.reason)
    if result.state is not CallState.DONE:
        reason = f"{result.reason} ({result.message})" if result.message else result.reason
        return ForgeWrite(DeliveryState.FAILED, code=result.code, reason=reason, hint=result.hint)
    if result.code != code:
        return _uncertain(result, f"GitHub: HTTP status {result.code} instead of {code}")
    try:
        return proof(result.value)
    except SchemaError as error:
        reason = f"GitHub: the response does not prove the write: {error} (HTTP status {code})"
        return _uncertain(result, reason)


def _uncertain(result: CallResult, reason: str) -> ForgeWrite:
    return ForgeWrite(DeliveryState.UNCERTAIN, code=result.code, reason=reason, hint=result.hint)


def tree_created(value: Any) -> ForgeWrite:
    """A tree, by its SHA. Raises SchemaError, as all functions below."""
    return ForgeWrite(DeliveryState.SENT, sha=_sha(Fields(value)), code=201)


def commit_created(tree: str, parent: str) -> Proof:
    """A commit of this tree on this parent, by its SHA."""

    def proof(value: Any) -> ForgeWrite:
        fields = Fields(value)
        parents = fields.get("parents")
        first = parents[0] if isinstance(parents, list) and len(parents) == 1 else None
        is_asked = _sha(Fields(fields.get("tree"))) == tree and _sha(Fields(first)) == parent
        _require(is_asked, "another commit")
        return ForgeWrite(DeliveryState.SENT, sha=_sha(fields), code=201)

    return proof


def branch_created(branch: str, sha: str) -> Proof:
    """A branch at this commit."""

    def proof(value: Any) -> ForgeWrite:
        is_asked = (ref_name(value), ref_sha(value)) == (branch, sha)
        _require(is_asked, "another branch or commit")
        return ForgeWrite(DeliveryState.SENT, sha=sha, code=201)

    return proof


def pull_created(branch: str, base: str) -> Proof:
    """A pull request from a branch, by its number and address."""

    def proof(value: Any) -> ForgeWrite:
        pull = pull_of(value)
        is_asked = (pull.head_branch, pull.base_branch) == (branch, base)
        _require(is_asked, "a pull request of other branches")
        return ForgeWrite(DeliveryState.SENT, pull.number, pull.head_sha, pull.url, 201)

    return proof


def comment_created(repo: str, number: int) -> Proof:
    """A comment at a pull request, by its id."""

    def proof(value: Any) -> ForgeWrite:
        return ForgeWrite(DeliveryState.SENT, comment_of(value, repo, number).id, code=201)

    return proof


def labels_added(labels: Sequence[str]) -> Proof:
    """All labels of a pull request, these among them. Their case does not matter to GitHub."""

    def proof(value: Any) -> ForgeWrite:
        _require(isinstance(value, list), "not a list")
        known = {label_of(label).strip().casefold() for label in value}
        missing = sorted(label for label in labels if label.strip().casefold() not in known)
        _require(not missing, f"it lacks {len(missing)} of {len(labels)} labels")
        return ForgeWrite(DeliveryState.SENT, code=200)

    return proof


def pull_closed(number: int) -> Proof:
    """A pull request that is closed now."""

    def proof(value: Any) -> ForgeWrite:
        pull = pull_of(value)
        _require(pull.number == number and not pull.is_open, "another or an open pull request")
        return ForgeWrite(DeliveryState.SENT, number, url=pull.url, code=200)

    return proof


def branch_deleted(result: CallResult) -> ForgeWrite:
    """The outcome of deleting a branch: SENT too if it does not exist, which GitHub says with 422.

    A 404 means that the token may not write there, or that the repository is gone.
    """
    is_gone = result.code == 422 and "does not exist" in result.message
    if is_gone or (result.state is CallState.DONE and result.code == 204):
        return ForgeWrite(DeliveryState.SENT, code=result.code)

    def nothing(_value: Any) -> ForgeWrite:
        raise SchemaError("it has a body")

    return forge_write(result, nothing, 204)


def _sha(fields: Fields) -> str:
    sha = fields.text("sha")
    _require(_SHA.fullmatch(sha) is not None, "an invalid SHA")
    return sha


def _require(is_true: bool, problem: str) -> None:
    if not is_true:
        raise SchemaError(problem)
