"""The JSON Schema of all frames, made from their classes: docs/commit-tests-schema.json.

`python -m ci_stat.commit_tests.protocol.schema` prints it.
"""

import json
import sys
from typing import Any

import msgspec

from ci_stat.commit_tests.protocol.frames import (
    VERSION,
    ClientFrame,
    ServerFrame,
    SimpleAnswer,
    SimpleRequest,
)

_ROOTS = {
    "ClientFrame": ClientFrame,
    "ServerFrame": ServerFrame,
    "SimpleRequest": SimpleRequest,
    "SimpleAnswer": SimpleAnswer,
}


def schema() -> dict[str, Any]:
    """Return the schema. A frame of a client is valid by `$defs/ClientFrame`, and so on."""
    roots, definitions = msgspec.json.schema_components(
        _ROOTS.values(), ref_template="#/$defs/{name}"
    )
    named = dict(zip(_ROOTS, roots, strict=True))
    unions = {name: root for name, root in named.items() if "anyOf" in root}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Frames of commit tests, version {VERSION}",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in _ROOTS],
        "$defs": dict(sorted({**definitions, **unions}.items())),
    }


def schema_text() -> str:
    """Return the schema as it stands in the file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
