"""Tell text from other data by its first bytes."""

import re

# What a log may be taken for by mistake: programs, pictures, documents, archives in archives.
_SIGNATURES = (
    (b"\x7fELF", "an ELF program or library"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O program"),
    (b"\xca\xfe\xba\xbe", "a Java class or a Mach-O program"),
    (b"\0asm", "a WebAssembly module"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b\x08", "gzip data"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"BZh91AY&SY", "bzip2 data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x04\x22\x4d\x18", "LZ4 data"),
    (b"\x1f\x9d", "data of compress (.Z)"),
    (b"!<arch>\n", "an ar archive or a Debian package"),
)
_TAR_AT, _TAR = 257, b"ustar"

# Bytes that text does not contain. NUL and some control characters are left out: terminals use
# them, and a crash leaves runs of NULs in a log.
_ODD = bytes({*range(1, 7), *range(0x10, 0x1B), *range(0x1C, 0x20), 0x7F})
_NULS = re.compile(rb"\0{8,}")
_MIN_ODD, _MAX_ODD_SHARE = 8, 0.05  # 9 % of random bytes are odd
_MAX_NUL_SHARE = 0.2


def not_text(head: bytes) -> str:
    """Return what data with this beginning is if it is not text, else ""."""
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return "a tar archive"
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name

    sample = _NULS.sub(b"", head) if b"\0" in head else head
    odd = len(sample) - len(sample.translate(None, _ODD))
    nuls = sample.count(0)
    is_binary = odd >= _MIN_ODD and odd > _MAX_ODD_SHARE * len(sample)
    if is_binary or (nuls >= _MIN_ODD and nuls > _MAX_NUL_SHARE * len(sample)):
        return "binary data"
    return ""
