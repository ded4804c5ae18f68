"""The state of ci_stat before its keys became data (`tests/fixtures/version_0`), in a world."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from ci_stat.store.state.setup import prepare_state
from ci_stat.store.state.stored_values import tracker_of
from tests.fixtures.make_version_0 import TRACKER, draw, inside
from tests.support.filing import World, world
from tests.support.github.records import Issue

FOLDER = Path(__file__).parents[1] / "fixtures" / "version_0"
PLAN = FOLDER / "plan.json"
PLAN_WITHOUT_TOKEN = FOLDER / "plan_without_token.json"


@contextmanager
def world_of_version_0(folder: Path) -> Iterator[World]:
    """The world that the fixtures were made from, as it was when the plan had been made."""
    with inside(folder), world(folder, settings={"url": "sqlite:///ci.sqlite"}) as it:
        draw(it)
        it.flush()
        load_state(Path(str(it.state.url.database)), it._tracker)
        prepare_state(it.state)
        it.github.issues.update(_issues())
        it.github._highest = max(it.github.issues)
        yield it


def load_state(file: Path, tracker: str) -> None:
    """The state of the dump in a new file, about this tracker."""
    text = (FOLDER / "state.sql").read_text(encoding="utf-8")
    file.unlink(missing_ok=True)
    with sqlite3.connect(file) as connection:
        connection.executescript(text.replace(tracker_of(TRACKER), tracker_of(tracker)))


def plan_for(it: World, file: Path, saved: Path) -> Path:
    """A saved plan, about the server of this world."""
    text = saved.read_text(encoding="utf-8")
    file.write_text(text.replace("https://api.github.com", it.github.url), encoding="utf-8")
    return file


def _issues() -> dict[int, Issue]:
    return msgspec.json.decode((FOLDER / "tracker.json").read_bytes(), type=dict[int, Issue])
