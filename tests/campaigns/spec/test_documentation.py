"""docs/campaign-file.md names every key, every job of the preset, and every key of the script."""

import re
import tomllib
from pathlib import Path

import msgspec

from ci_stat.campaigns.imported_keys import KNOWN
from ci_stat.campaigns.presets import TICDC_JOBS
from ci_stat.campaigns.spec_file import parse_campaign
from ci_stat.campaigns.spec_keys import (
    BudgetTable,
    CampaignKeys,
    FileTable,
    ReportTable,
    ScheduleTable,
)
from ci_stat.config.groups import KEYS

PAGE = (Path(__file__).parents[3] / "docs" / "campaign-file.md").read_text(encoding="utf-8")
TABLES: dict[str, type[msgspec.Struct]] = {
    "file": FileTable,
    "budget": BudgetTable,
    "schedule": ScheduleTable,
    "report": ReportTable,
}


def first_cells(title: str) -> set[str]:
    """The names in the first column of the table with this title."""
    table = PAGE.split(f"| {title} |", 1)[1].split("\n\n", 1)[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def names(kind: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)}


def test_all_keys_are_described() -> None:
    keys = names(CampaignKeys) - set(TABLES)
    inner = {f"{table}.{name}" for table, kind in TABLES.items() for name in names(kind)}
    assert first_cells("key | meaning | default") == keys | inner


def test_all_keys_of_the_script_are_described() -> None:
    assert first_cells("key | becomes") == KNOWN
    settings = {name for line in PAGE.splitlines() if "| setting" in line for name in _last(line)}
    assert settings <= set(KEYS)


def _last(line: str) -> list[str]:
    return re.findall(r"`([^`]+)`", line.split("|")[2])


def test_the_jobs_of_the_preset_are_listed() -> None:
    assert set(re.findall(r"`(pull-[^`]+)`", PAGE)) == set(TICDC_JOBS)


def test_the_example_is_valid() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert tomllib.loads(block)["preset"] == "ticdc"
    assert parse_campaign(block).spec.target_rate == 0.05
