"""pandas, loaded when a frame is first made: that takes longer than most commands do."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
else:

    class _Pandas:
        """Stands in for the module: the first use of a name loads it."""

        def __getattr__(self, name: str) -> Any:
            import pandas

            return getattr(pandas, name)

    pd = _Pandas()

__all__ = ["pd", "text_type"]


def text_type() -> Any:
    """The type that pandas gives to text: `object` before version 3, `str` since.

    Frames name it, because an empty column shows nothing to infer a type from.
    """
    return pd.Series([""]).dtype
