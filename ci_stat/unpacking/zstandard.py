"""Zstandard: of the standard library since Python 3.14, before of its backport."""

import sys

if sys.version_info >= (3, 14):
    from compression.zstd import (
        CompressionParameter,
        DecompressionParameter,
        ZstdDecompressor,
        compress,
    )
else:
    from backports.zstd import (
        CompressionParameter,
        DecompressionParameter,
        ZstdDecompressor,
        compress,
    )

__all__ = ["CompressionParameter", "DecompressionParameter", "ZstdDecompressor", "compress"]
