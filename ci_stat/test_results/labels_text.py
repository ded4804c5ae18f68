"""Labels of a run for people."""

import json
from collections.abc import Mapping

from ci_stat.rendering.document import cut_name

_MOST = 80


def label_pairs(labels: Mapping[str, str]) -> str:
    """`db=tidb, spark=3.5.7`, sorted; "" without labels."""
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))


def labels_words(labels: str) -> str:
    """The same for labels as JSON text, cut."""
    pairs = label_pairs(json.loads(labels)) if labels else ""
    return cut_name(pairs, _MOST) if pairs else ""
