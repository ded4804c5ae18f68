"""Pause the cyclic garbage collector while many objects are built."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_off() -> Iterator[None]:
    """Run the block without cyclic collection.

    A collection walks over all objects. While a caller builds millions of them, the collections
    cost more than the building.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
