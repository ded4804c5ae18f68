"""Laws of a matrix, for drawn files: what excludes, includes, types and pins do to its entries."""

from itertools import product
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.test_results.aggregating.labels import labels_of_path
from ci_stat.test_results.matrix.choose import choose
from ci_stat.test_results.matrix.expand import entries_of
from ci_stat.test_results.matrix.model import ALL, Entry, Limits, Matrix, Pin

NAMES = ("spark", "db", "os")
VALUES = st.sampled_from(["a", "b/c", "3.10", "x y", "é,=%"])


@st.composite
def matrices(draw: st.DrawFn) -> Matrix:
    names = draw(st.permutations(NAMES))[: draw(st.integers(1, 3))]
    values = st.lists(VALUES, min_size=1, max_size=3, unique=True).map(tuple)
    dimensions = {name: draw(values) for name in names}

    def limits() -> Limits:
        some = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        return {name: draw(st.sampled_from(dimensions[name])) for name in some}

    return Matrix(
        dimensions=dimensions,  # type: ignore[arg-type]
        extra=("java",),
        exclude=tuple(limits() for _ in range(draw(st.integers(0, 2)))),
        include=tuple(
            {name: draw(VALUES) for name in names} for _ in range(draw(st.integers(0, 2)))
        ),
        pin=tuple(Pin(when=limits(), set={"java": "17"}) for _ in range(draw(st.integers(0, 1)))),
        types={f"t{number}": limits() for number in range(draw(st.integers(0, 3)))},
    )


def keys(entries: list[Entry]) -> list[str]:
    return [entry.key for entry in entries]


def without_types(matrix: Matrix) -> Matrix:
    return msgspec.structs.replace(matrix, types={})


@given(matrices())
def test_entries_are_the_product_without_excludes_with_includes(matrix: Matrix) -> None:
    names = list(matrix.dimensions)
    expected = []
    for values in product(*matrix.dimensions.values()):
        entry = dict(zip(names, values, strict=True))
        if not any(exclude.items() <= entry.items() for exclude in matrix.exclude):
            expected.append(entry)
    expected += [dict(include) for include in matrix.include]
    unique = [entry for at, entry in enumerate(expected) if entry not in expected[:at]]
    assert [entry.values for entry in entries_of(without_types(matrix))] == unique


@given(matrices())
def test_all_is_the_union_of_all_types(matrix: Matrix) -> None:
    parts = {key for name in matrix.types for key in keys(entries_of(matrix, name))}
    everything = keys(entries_of(matrix))
    assert len(everything) == len(set(everything))
    if matrix.types:
        assert set(everything) == parts
    assert set(everything) <= set(keys(entries_of(without_types(matrix))))


@given(matrices(), st.randoms())
def test_keys_do_not_depend_on_the_order_of_the_file(matrix: Matrix, random: Random) -> None:
    names = list(matrix.dimensions)
    random.shuffle(names)
    shuffled = msgspec.structs.replace(
        matrix,
        dimensions={name: matrix.dimensions[name][::-1] for name in names},
        exclude=matrix.exclude[::-1],
        include=matrix.include[::-1],
    )
    assert sorted(keys(entries_of(shuffled))) == sorted(keys(entries_of(matrix)))


@given(matrices())
def test_a_key_names_its_entry_and_is_a_folder(matrix: Matrix) -> None:
    for entry in entries_of(matrix):
        assert not set(entry.key) & set('":<>|*?\r\n\\/ ')
        assert labels_of_path(f"out/{entry.key}/junit.xml") == entry.labels


@given(matrices())
def test_a_choice_keeps_entries_with_the_value_and_no_others(matrix: Matrix) -> None:
    everything = entries_of(matrix)
    for entry in everything:
        for name, text in entry.labels.items():
            chosen = choose(matrix, ALL, [(name, text)])
            assert chosen == [one for one in everything if one.labels[name] == text]


@given(matrices())
def test_pins_change_no_other_value(matrix: Matrix) -> None:
    bare = entries_of(msgspec.structs.replace(matrix, pin=()))
    pinned = entries_of(matrix)
    assert [entry.values for entry in pinned] == [entry.values for entry in bare]
    for entry in pinned:
        is_pinned = any(pin.when.items() <= entry.values.items() for pin in matrix.pin)
        assert entry.extra == ({"java": "17"} if is_pinned else {})
