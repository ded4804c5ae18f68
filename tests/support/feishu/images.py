"""An image as it is uploaded: a form of two fields, a known format, not too large."""

import re
import struct
from email import message_from_bytes, policy
from email.message import EmailMessage

from tests.support.feishu.state import Refused

_FORMATS = {
    "png": rb"\x89PNG\r\n\x1a\n",
    "jpeg": rb"\xff\xd8\xff",
    "gif": rb"GIF8[79]a",
    "bmp": rb"BM",
    "ico": rb"\x00\x00\x01\x00",
    "webp": rb"RIFF....WEBP",
    "tiff": rb"II\*\x00|MM\x00\*",
    "heic": rb"....ftyp(heic|heix|mif1)",
}


def image_of(content_type: str, body: bytes, limit: int) -> bytes:
    """The image of a form; raises `Refused` for any other body."""
    fields = _fields(content_type, body)
    if set(fields) != {"image_type", "image"} or fields["image_type"] not in (
        b"message",
        b"avatar",
    ):
        raise Refused(234001, "Invalid request param.")
    data = fields["image"]
    if not data:
        raise Refused(234010, "File's size can't be 0.")
    if len(data) > limit:
        raise Refused(234006, "The file size exceed the max value.")
    kind = next((name for name, head in _FORMATS.items() if re.match(head, data, re.S)), None)
    if kind is None:
        raise Refused(234011, "Can't regonize the image format.")
    if max(_pixels(kind, data)) > (2000 if kind == "gif" else 12000):
        raise Refused(234039, "Image resolution exceeds limit.")
    return data


def _fields(content_type: str, body: bytes) -> dict[str, bytes]:
    """The form's fields.

    The vendor's own SDK sends the image without a file name, so an image need not have one.
    """
    if not content_type.startswith("multipart/form-data;"):
        return {}
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    form = message_from_bytes(head + body, _class=EmailMessage, policy=policy.HTTP)
    fields: dict[str, bytes] = {}
    for part in form.iter_parts():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(data, bytes):
            fields[name] = data
    return fields


def _pixels(kind: str, data: bytes) -> tuple[int, int]:
    """Width and height of the formats that tell them early; the others are taken as they come."""
    if kind == "png" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
    elif kind == "gif" and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
    else:
        width = height = 0
    return width, height
