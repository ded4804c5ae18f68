"""Cases of a large file as its job last spelled them: they need no key and no look-up.

Runs of a job mostly have the same tests. One packed row for each job and name of a file keeps the
ids of their cases. It only saves time: what it lacks is looked up as ever. A case never changes its
id, and the key of the row contains the version of the identity of cases.
"""

import hashlib
import sys
from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection, select

from ci_stat.failures import case_identity
from ci_stat.store.damage import stored_value
from ci_stat.store.results.packed.file_ends import MAX_BYTES
from ci_stat.store.results.tables import files, known_cases, runs
from ci_stat.store.upsert import upsert

if sys.version_info >= (3, 14):
    from compression.zstd import CompressionParameter, compress, decompress
else:
    from backports.zstd import CompressionParameter, compress, decompress

Spelled = tuple[str, str, str, str, str]
"""Suite, class, name, parameters, file."""

_OPTIONS: dict[int, int] = {
    CompressionParameter.compression_level: 1,
    CompressionParameter.checksum_flag: 1,  # a changed byte must not give a test another name
}
_FEW = 100  # parts: a file with fewer new cases than one of these is not worth a new row
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[list[Spelled], list[int]])


class KnownCases:
    """The known cases of the job and the name of one file."""

    def __init__(self, connection: Connection, run_id: int, file_id: int) -> None:
        job = select(runs.c.job).where(runs.c.id == run_id)
        name = select(files.c.name).where(files.c.id == file_id)
        identity = [
            str(case_identity.VERSION),
            connection.execute(job).scalar_one(),
            connection.execute(name).scalar_one(),
        ]
        self._connection = connection
        self._key = hashlib.sha256("\0".join(identity).encode("utf-8", "replace")).hexdigest()[:32]
        self._ids: dict[Spelled, int] = {}

    def load(self) -> Mapping[Spelled, int]:
        """Return the ids of the cases as they were spelled."""
        query = select(known_cases.c.packed).where(known_cases.c.known_key == self._key)
        packed = self._connection.execute(query).scalar_one_or_none()
        if packed is not None:
            with stored_value("spellings of cases in the results database"):
                spelled, ids = _decoder.decode(decompress(packed))
                self._ids = dict(zip(spelled, ids, strict=True))
        return self._ids

    def save(self, ids: Mapping[Spelled, int]) -> None:
        """Remember these instead, if more than a few are new."""
        new = sum(spelled not in self._ids for spelled in ids)
        if new * _FEW <= len(ids):
            return
        packed = compress(_encoder.encode((list(ids), list(ids.values()))), options=_OPTIONS)
        if len(packed) <= MAX_BYTES:
            values = {"known_key": self._key, "packed": packed}
            self._connection.execute(upsert(self._connection, known_cases), values)
