"""How a person or a log may name a case, and which of the stored cases are meant. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

from ci_stat.failures.case_identity import dotted, full_name, name_key
from ci_stat.failures.case_names import case_key
from ci_stat.formats.parameters import split_parameters
from ci_stat.store.results.read import StoredCase

NEAR = 5  # similar names in an error
_COMPARED = 20_000  # names that are compared letter by letter
_KEY = re.compile(r"c1:[0-9a-f]{4,32}")
_PLACE = " :: "  # between place and name, where ci_stat shows a case


@dataclass(frozen=True, slots=True)
class TypedName:
    """A name as it was typed.

    - `place`: what stands before ` :: `, as in the lists of ci_stat; "" without it.
    - `name`: the name with points, without parameters.
    """

    text: str
    place: str
    name: str
    parameters: str

    @property
    def is_key(self) -> bool:
        """Whether it is the key of a case, or its beginning: `c1:` and at least 4 hex digits."""
        return _KEY.fullmatch(self.text) is not None

    @property
    def keys(self) -> set[str]:
        """The name keys under which an index has the case."""
        joined = self.text.replace(_PLACE, "::")
        base, parameters = split_parameters(joined)
        keys = {name_key(joined), name_key(base, "", parameters)}
        if self.place:
            keys |= {name_key(self.name, place, self.parameters) for place in (self.place, "")}
        return keys

    @property
    def last_part(self) -> str:
        """The end of the name: each case that is meant has it in its own name."""
        return re.split(r"[./\s]", self.name)[-1] or self.name


def typed_name(text: str) -> TypedName:
    """Take a name apart."""
    clean = " ".join(text.split())
    place, _, name = clean.rpartition(_PLACE)
    base, parameters = split_parameters(name)
    return TypedName(clean, place, dotted(case_key(base)), parameters)


def at_place(cases: Sequence[StoredCase], typed: TypedName) -> list[StoredCase]:
    """Return those of the cases that are where the typed name says; all if none is."""
    wanted = dotted(typed.place)
    at = [case for case in cases if wanted and wanted in map(dotted, _places(case))]
    return at or list(cases)


def _places(case: StoredCase) -> tuple[str, str, str]:
    return case.class_name, case.file, case.suite


def meant(cases: Iterable[StoredCase], typed: TypedName) -> list[StoredCase]:
    """Return the cases whose name ends with the typed one, at a point or a slash.

    Without typed parameters, all parameters are meant.
    """
    matches = [case for case in cases if _ends_so(case, typed)]
    return at_place(matches, typed) if typed.place else matches


def _ends_so(case: StoredCase, typed: TypedName) -> bool:
    if typed.parameters and typed.parameters != case.parameters:
        return False
    names = {dotted_name(case), full_name(dotted(case.file), case.name)}
    return any(re.split(r"[./]", f".{name}")[-1] == typed.name or _is_end(name, typed.name)
               for name in names)  # fmt: skip


def _is_end(name: str, end: str) -> bool:
    return bool(end) and (name == end or name.endswith((f".{end}", f"/{end}")))


def dotted_name(case: StoredCase) -> str:
    """The class (else the file) and the name with points, without parameters."""
    return full_name(dotted(case.class_name) or dotted(case.file), case.name)


def names_in_logs(case: StoredCase) -> list[str]:
    """How a log may name the case: with all that is known, with its class, and alone."""
    whole = dotted_name(case)
    name = full_name("", case.name)
    group = re.split(r"[./]", dotted(case.class_name))[-1]
    names = [whole, f"{group}.{name}" if group else "", name]
    with_parameters = [f"{one}{case.parameters}" for one in names if one and case.parameters]
    return list(dict.fromkeys([*with_parameters, *filter(None, names)]))


def similar(typed: str, names: Iterable[str]) -> list[str]:
    """Names that contain what was typed, shortest first, then those that are spelled nearly so."""
    known = {_spelled(name): name for name in names}
    wanted = _spelled(typed)
    containing = sorted((name for name in known if wanted and wanted in name), key=len)[:NEAR]
    near = get_close_matches(wanted, islice(known, _COMPARED), n=NEAR, cutoff=0.5)
    if len(near) < NEAR:
        near += _near_ends(wanted, known)
    return [known[name] for name in dict.fromkeys([*containing, *near])][:NEAR]


def _spelled(name: str) -> str:
    """The name with points, in small letters."""
    return dotted(name.replace(_PLACE, ".")).casefold()


def _near_ends(typed: str, names: Iterable[str]) -> list[str]:
    """Names whose end is spelled nearly so: a person omits packages."""
    by_end = {re.split(r"[./\s]", name)[-1]: name for name in islice(names, _COMPARED)}
    ends = get_close_matches(typed, by_end, n=NEAR, cutoff=0.7)
    return [by_end[end] for end in ends]
