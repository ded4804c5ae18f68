"""Labels as the command line takes them: KEY=VALUE."""

from collections.abc import Sequence

from ci_stat.errors import UsageError
from ci_stat.escape import visible

_MAX_LABEL = 200  # characters


def labels_of(texts: Sequence[str]) -> dict[str, str]:
    """Raises UsageError for a text that is no label."""
    labels = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key.strip() or len(text) > _MAX_LABEL:
            shown = visible(text, 60)
            raise UsageError(f"Invalid label {shown!r}.", "Write KEY=VALUE, e.g. spark=3.5.7.")
        labels[key.strip()] = value.strip()
    return labels
