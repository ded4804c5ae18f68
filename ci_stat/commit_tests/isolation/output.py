"""Keeps the output of a run on disk, begin and end, and emits its lines."""

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ci_stat.commit_tests.model import Emit, Output, OutputLine, Step

_LONGEST = 8_192  # bytes of a line that is emitted
_TAIL = 4_000  # characters of the result's tail


@dataclass
class KeptOutput:
    """The output of one run. `limit`: bytes that are kept, half from each end."""

    path: Path
    limit: int
    emit: Emit
    total_bytes: int = 0
    total_lines: int = 0
    _file: BinaryIO | None = None
    _head: int = 0
    _tail: deque[bytes] = field(default_factory=deque)
    _tail_size: int = 0
    _cut_bytes: int = 0
    _cut_lines: int = 0
    _line: bytearray = field(default_factory=bytearray)
    _numbers: dict[Step, int] = field(default_factory=dict)
    _is_cut: bool = False

    def feed(self, step: Step, data: bytes) -> None:
        """Take the next bytes of a step."""
        self.total_bytes += len(data)
        self.total_lines += data.count(b"\n")
        self._keep(data)
        begin = 0
        while (end := data.find(b"\n", begin)) >= 0:
            self._add(data[begin:end])
            self._emit_line(step)
            begin = end + 1
        self._add(data[begin:])

    def end_step(self, step: Step) -> None:
        """Emit the last line of a step, if no line end follows it."""
        if self._line:
            self.total_lines += 1
            self._emit_line(step)

    def close(self) -> Output:
        """Write the kept end, and return what is kept."""
        file = self._opened()
        if self._cut_bytes:
            note = f"\n... {self._cut_lines:,} lines ({self._cut_bytes:,} bytes) left out ...\n"
            file.write(note.encode())
        for piece in self._tail:
            file.write(piece)
        file.close()
        tail = self.path.read_bytes()[-4 * _TAIL :].decode(errors="replace")[-_TAIL:]
        return Output(
            total_bytes=self.total_bytes,
            total_lines=self.total_lines,
            cut_bytes=self._cut_bytes,
            cut_lines=self._cut_lines,
            path=str(self.path),
            tail=tail,
        )

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = self.path.open("wb")
        return self._file

    def _keep(self, data: bytes) -> None:
        half = self.limit // 2
        room = half - self._head
        if room > 0:
            self._opened().write(data[:room])
            self._head += len(data[:room])
            data = data[room:]
        if not data:
            return
        self._tail.append(data)
        self._tail_size += len(data)
        while self._tail_size > half:
            first = self._tail.popleft()
            excess = self._tail_size - half
            gone, stays = first[:excess], first[excess:]
            self._cut_bytes += len(gone)
            self._cut_lines += gone.count(b"\n")
            self._tail_size -= len(gone)
            if stays:
                self._tail.appendleft(stays)

    def _add(self, data: bytes) -> None:
        room = _LONGEST - len(self._line)
        self._line += data[:room]
        self._is_cut = self._is_cut or len(data) > room

    def _emit_line(self, step: Step) -> None:
        number = self._numbers.get(step, 0) + 1
        self._numbers[step] = number
        text = self._line.removesuffix(b"\r").decode(errors="replace")
        self.emit(OutputLine(step=step, number=number, text=text, is_cut=self._is_cut))
        self._line.clear()
        self._is_cut = False
