"""Places in a list, as opaque texts: the sort key of an item. A client can only hand them back."""

import base64
import binascii
import json

_MARK = b"cursor:v2:"
Key = list[int]


def written(key: Key) -> str:
    return base64.b64encode(_MARK + json.dumps(key).encode()).decode()


def read(text: str) -> Key | None:
    """None for what was not written here."""
    try:
        data = base64.b64decode(text, validate=True)
        return [int(each) for each in json.loads(data.removeprefix(_MARK))]
    except (ValueError, TypeError, binascii.Error):
        return None
