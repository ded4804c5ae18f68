"""Unpack files in bounded memory: gzip, Zstandard, xz, bzip2 and zip archives."""
