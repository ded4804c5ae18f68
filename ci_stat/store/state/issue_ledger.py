"""The summary of all issue calls that planning needs: a `Ledger`. Pure functions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from ci_stat.records import Accepted, Intent, IntentKind, IntentState, Ledger, Mute


def ledger_of(
    intents: Iterable[Intent],
    whole_keys: Mapping[str, str],
    mutes: Mapping[str, Mute],
    accepted: Mapping[str, Accepted],
) -> Ledger:
    """`whole_keys`: failure keys by their stored form (`kept_key`)."""

    def whole(key: str) -> str:
        return whole_keys.get(key, key)

    intents = list(intents)
    creations = [intent for intent in intents if intent.kind == IntentKind.CREATE]
    done = [intent for intent in intents if intent.state == IntentState.DONE]
    open_creations = [intent for intent in creations if intent.state != IntentState.DONE]
    comments = [intent for intent in done if intent.kind == IntentKind.COMMENT]
    return Ledger(
        created={whole(key): numbers for key, numbers in _created(creations).items()},
        unsettled=frozenset(whole(intent.key) for intent in open_creations),
        done=frozenset(comment.id for comment in comments),
        commented=_newest(comments),
        changed=_newest(done),
        mutes={whole(key): mute for key, mute in mutes.items()},
        accepted={whole(key): note for key, note in accepted.items()},
    )


def _created(creations: Iterable[Intent]) -> dict[str, tuple[int, ...]]:
    """Issue numbers by failure key, oldest issue first: trackers number upwards."""
    numbers: defaultdict[str, set[int]] = defaultdict(set)
    for intent in creations:
        if intent.state == IntentState.DONE and intent.number:
            numbers[intent.key].add(intent.number)
    return {key: tuple(sorted(of_key)) for key, of_key in numbers.items()}


def _newest(intents: Iterable[Intent]) -> dict[int, datetime]:
    """The begin of the last call for each issue, however late its answer came."""
    newest: dict[int, datetime] = {}
    for intent in intents:
        began = intent.started
        if began is not None:
            newest[intent.number] = max(began, newest.get(intent.number, began))
    return newest
