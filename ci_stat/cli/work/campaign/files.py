"""The campaign that a file, a preset and options describe."""

from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from ci_stat.campaigns.presets import CampaignFile
from ci_stat.campaigns.spec_checks import check_keys
from ci_stat.campaigns.spec_file import preset as known_preset
from ci_stat.campaigns.spec_file import read_campaign
from ci_stat.cli.work.windows import parse_length
from ci_stat.errors import UsageError
from ci_stat.formats.strict_toml import InvalidValue

DEFAULT = Path("campaign.toml")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `start` and `plan` that change what the file says."""

    preset: str | None = None
    repo: str | None = None
    branch: str | None = None
    count: int | None = None
    stagger: str | None = None
    until_decided: bool = False
    target: str | None = None


def described(file: Path | None, options: Options) -> CampaignFile:
    """The campaign. Raises UsageError without a description, and SettingsError."""
    campaign = _base(file, options.preset)
    changes: dict[str, object] = {
        name: value
        for name, value in (
            ("repo", options.repo),
            ("branch", options.branch),
            ("count", options.count),
        )
        if value is not None
    }
    if options.stagger:
        changes["stagger"] = parse_length(options.stagger)
    if options.target:
        changes["target_rate"] = parse_rate(options.target)
    if options.until_decided:
        changes["until_decided"] = True
    spec = replace(campaign.spec, **changes)  # type: ignore[arg-type]
    if spec.until_decided and not spec.target_rate:
        raise UsageError("--until-decided needs a target.", "Add --target 5%, for example.")
    changed = replace(campaign, spec=spec)
    try:
        check_keys(changed)
    except InvalidValue as problem:
        raise UsageError(
            f"{problem.reason[:1].upper()}{problem.reason[1:]}.", problem.hint
        ) from None
    return changed


def _base(file: Path | None, preset: str | None) -> CampaignFile:
    if file is not None and preset is not None:
        hint = 'Write preset = "..." into the file, or omit one of them.'
        raise UsageError("FILE and --preset cannot be used together.", hint)
    if preset is not None:
        return known_preset(preset)
    if file is None and not DEFAULT.exists():
        raise UsageError(
            "No campaign is described.",
            "Write campaign.toml (docs/campaigns.md), use --preset ticdc, or see it with --demo.",
        )
    return read_campaign(file or DEFAULT)


def parse_rate(text: str) -> float:
    """`5%` or `0.05` as a share. Raises UsageError."""
    number = text.strip()
    try:
        share = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError:
        share = 0
    if not 0.0001 <= share < 1:
        raise UsageError(f"--target {text[:40]!r} is no failure rate.", "Write 5% or 0.05.")
    return share


def zone_of(campaign: CampaignFile) -> ZoneInfo:
    """The zone in which times are shown."""
    return campaign.schedule.zone if campaign.schedule else ZoneInfo("UTC")
