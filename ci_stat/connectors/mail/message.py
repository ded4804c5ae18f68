"""The bytes of a message after the command DATA."""

import re
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.policy import SMTP
from io import BytesIO


def smtp_data(message: EmailMessage) -> bytes:
    """The message for DATA: CRLF, 7 bit (not all servers accept 8 bit), dots doubled, a dot at the
    end.
    """
    buffer = BytesIO()
    BytesGenerator(buffer, policy=SMTP.clone(cte_type="7bit")).flatten(message)
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", buffer.getvalue())
    dotted = re.sub(rb"(?m)^\.", b"..", lines)
    return dotted + (b"" if dotted.endswith(b"\r\n") else b"\r\n") + b".\r\n"
