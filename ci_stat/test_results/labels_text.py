"""Labels of a run for people."""

import json

from ci_stat.rendering.document import cut_name

_MOST = 80


def labels_words(labels: str) -> str:
    """`db=tidb, spark=3.5.7` for labels as JSON text; "" without labels."""
    pairs = sorted(json.loads(labels).items()) if labels else []
    return cut_name(", ".join(f"{key}={value}" for key, value in pairs), _MOST) if pairs else ""
