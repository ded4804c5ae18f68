"""The columns of a table, by the role of their cells: what happens to them where room is short."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rich.cells import cell_len
from rich.text import Text

GAP = 3  # cells of a column in addition to its content
_NOTHING = ("", "0", "–")


class Role(StrEnum):
    """What the cells of a column are.

    - `IDENTITY`: what identifies a row. It is never cut: a long one continues on the next line.
    - `TEXT`: cut at the end.
    - `WORD`: a state, a kind, a name that does not identify the row. Shown whole or omitted with
      its column.
    - `NUMBER`: a number or a time. As `WORD`, and aligned to the right.
    - `BAR`: drawn only if all other columns have the room that they want.
    - `SENTENCE`: never cut; without room for it, it is below its row.
    """

    IDENTITY = "identity"
    TEXT = "text"
    WORD = "word"
    NUMBER = "number"
    BAR = "bar"
    SENTENCE = "sentence"


_FLOORS = {Role.IDENTITY: 44, Role.TEXT: 10}


@dataclass
class Column:
    """A column of a table.

    - `spare`: columns with the highest value are omitted first; 0 stays. Those that also have one
      title are omitted together.
    - `floor`: cells of an identity or a text before columns are omitted for it.
    """

    title: str
    role: Role = Role.NUMBER
    spare: int = 0
    floor: int = 0
    cells: list[Text] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Cells of the longest value, or of the title."""
        return max([cell_len(self.title), *(cell.cell_len for cell in self.cells)])

    @property
    def least(self) -> int:
        """Cells that the column needs before others are omitted for it."""
        if not self.is_flexible:
            return self.width
        return min(self.width, self.floor or _FLOORS[self.role])

    @property
    def is_flexible(self) -> bool:
        """Whether the column can be narrower than its content."""
        return self.role in _FLOORS

    @property
    def is_blank(self) -> bool:
        """Whether there are rows, and no cell of them contains anything."""
        return bool(self.cells) and not any(cell.plain.strip() for cell in self.cells)

    @property
    def says_nothing(self) -> bool:
        """Whether all cells are blank, zero or unknown."""
        return all(cell.plain.strip() in _NOTHING for cell in self.cells)


def least_width(columns: Sequence[Column]) -> int:
    """Cells that these columns need."""
    return sum(column.least + GAP for column in columns)


def full_width(columns: Sequence[Column]) -> int:
    """Cells of these columns if nothing is cut."""
    return sum(column.width + GAP for column in columns)


def kept_columns(columns: Sequence[Column], max_width: int) -> list[Column]:
    """The columns that a table of this width shows.

    Blank columns are omitted, bars for names that would be cut, and then columns that say nothing
    before those with numbers in them.
    """
    kept = [column for column in columns if not column.is_blank]
    if full_width(kept) > max_width:
        kept = [column for column in kept if column.role is not Role.BAR]
    while least_width(kept) > max_width:
        spare = max(kept, key=_omitted_first)
        if not spare.spare:
            break
        kept = [column for column in kept if not _goes_with(column, spare)]
    return kept


def _goes_with(column: Column, spare: Column) -> bool:
    """Whether a column is omitted with this one: half of a pair would be read as the other half."""
    return (column.title, column.spare) == (spare.title, spare.spare)


def _omitted_first(column: Column) -> tuple[bool, bool, int]:
    can_be_omitted = column.spare > 0
    return can_be_omitted, can_be_omitted and column.says_nothing, column.spare


def column_widths(columns: Sequence[Column], max_width: int) -> list[int]:
    """Cells of each column. Identities get what they need before texts get more than their floor.

    An identity that is longer than half of the table leaves the other half to the texts.
    """
    widths = [column.least for column in columns]
    room = max_width - sum(widths) - GAP * len(columns)
    half = max_width // 2
    identities = [min(column.width, half) if _is_identity(column) else 0 for column in columns]
    texts = [0 if _is_identity(column) else column.width for column in columns]
    for wanted in (identities, texts, [column.width for column in columns]):
        room -= _grow(widths, wanted, room)
    _shrink(widths, columns, -room)
    return widths


def _is_identity(column: Column) -> bool:
    return column.role is Role.IDENTITY


def _grow(widths: list[int], wanted: Sequence[int], room: int) -> int:
    """Widen columns to what they want, those that want least first. Return the cells used."""
    lacks = {place: want - widths[place] for place, want in enumerate(wanted)}
    places = sorted((place for place in lacks if lacks[place] > 0), key=lacks.__getitem__)
    used = 0
    for number, place in enumerate(places):
        share = max(0, min(lacks[place], (room - used) // (len(places) - number)))
        widths[place] += share
        used += share
    return used


def _shrink(widths: list[int], columns: Sequence[Column], lack: int) -> None:
    """Narrow the widest flexible columns, where no column is left to omit."""
    flexible = [place for place, column in enumerate(columns) if column.is_flexible]
    for _ in range(lack):
        widest = max(flexible, key=widths.__getitem__, default=None)
        if widest is None or widths[widest] <= 1:
            return
        widths[widest] -= 1
