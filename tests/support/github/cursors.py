"""Opaque cursors: the sort key of an item, encoded so that a client can only return it."""

import base64
import binascii
import json

_MARK = b"cursor:v2:"
Key = list[int]


def written(key: Key) -> str:
    return base64.b64encode(_MARK + json.dumps(key).encode()).decode()


def read(text: str) -> Key | None:
    """None for a text that is not a cursor."""
    try:
        data = base64.b64decode(text, validate=True)
        return [int(number) for number in json.loads(data.removeprefix(_MARK))]
    except (ValueError, TypeError, binascii.Error):
        return None
