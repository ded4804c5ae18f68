"""Templates: what the projects of one type run in. A folder for each type, with `template.yaml`.

A file names its places: image, cpu, limits and the setup. It is checked strictly before it is used.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from ci_stat.commit_tests.model import Command, Limits
from ci_stat.errors import SettingsError, UsageError
from ci_stat.escape import visible

_FILE = "template.yaml"
_MAX_SIZE = 64 * 1024  # bytes of a file
_SIZE = re.compile(r"(?P<number>[1-9][0-9]*)(?P<unit>[KMG]i)?B?")
_UNITS = {None: 1, "Ki": 1024, "Mi": 1024**2, "Gi": 1024**3}
_TYPE = re.compile(r"[a-z][a-z0-9-]{0,39}")


class _Setup(msgspec.Struct, forbid_unknown_fields=True):
    command: str | list[str]
    network: bool = False
    lock_files: list[str] = []


class _Limits(msgspec.Struct, forbid_unknown_fields=True):
    seconds: float | None = None
    memory: str | int | None = None
    processes: int | None = None
    file: str | int | None = None
    disk: str | int | None = None
    output: str | int | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    image: str
    cpu: str | int = "1"
    pull: str = "IfNotPresent"
    start_seconds: float = 300.0
    setup: _Setup | None = None
    limits: _Limits = msgspec.field(default_factory=_Limits)


@dataclass(frozen=True, slots=True)
class Template:
    """What a project type runs in.

    - `image`, `cpu`, `pull`, `start_seconds`: of pods; `start_seconds` is how long one may take to
      start, its image included.
    - `setup`: the command that runs before the test; empty for none. `setup_network`: whether it
      may use the network. `lock_files`: patterns of the files on which its result depends.
    """

    image: str
    setup: Command = ""
    setup_network: bool = False
    lock_files: tuple[str, ...] = ()
    cpu: str = "1"
    pull: str = "IfNotPresent"
    start_seconds: float = 300.0
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Templates:
    """Templates of the user's folder, if there is one, before those of ci_stat."""

    folder: Path | None = None

    def get(self, project_type: str) -> Template:
        """Return a template. Raises UsageError for an unknown one, SettingsError."""
        if not _TYPE.fullmatch(project_type):
            shown = visible(project_type, 80)
            raise UsageError(f"Invalid project type {shown!r}.", "Use a-z, 0-9 and hyphens.")
        for root in self._roots():
            file = root.joinpath(project_type, _FILE)
            if file.is_file():
                return read_template(file.read_bytes()[: _MAX_SIZE + 1], str(file))
        places = " and ".join(str(root) for root in self._roots())
        raise UsageError(
            f"There is no template {project_type!r} in {places}.",
            f"Known project types: {', '.join(self.types())}.",
        )

    def types(self) -> list[str]:
        """The known project types, sorted."""
        names = {
            entry.name
            for root in self._roots()
            for entry in root.iterdir()
            if entry.joinpath(_FILE).is_file()
        }
        return sorted(names)

    def _roots(self) -> Sequence[Traversable]:
        ours = files("ci_stat.commit_tests").joinpath("templates")
        if self.folder is None:
            return [ours]
        if not self.folder.is_dir():
            raise SettingsError(
                f"The folder of templates {self.folder} is not there.",
                "Make it, or remove commits_templates from the settings.",
            )
        return [self.folder, ours]


def read_template(data: bytes, name: str) -> Template:
    """Read the text of a template. Raises SettingsError that names the file and the key."""
    if len(data) > _MAX_SIZE:
        raise SettingsError(f"{name} is larger than {_MAX_SIZE:,} bytes.", "Is it a template?")
    try:
        raw = yaml.safe_load(data)
        file = msgspec.convert(raw, _File)
        limits = _limits(file.limits)
    except yaml.YAMLError as error:
        raise SettingsError(f"{name} is no YAML: {visible(error, 300)}", _ADVICE) from None
    except (msgspec.ValidationError, UsageError, ValueError) as error:
        raise SettingsError(f"{name}: {visible(error, 300)}", _ADVICE) from None
    setup = file.setup or _Setup("")
    command = tuple(setup.command) if isinstance(setup.command, list) else setup.command
    return Template(
        image=file.image,
        setup=command,
        setup_network=setup.network,
        lock_files=tuple(setup.lock_files),
        cpu=str(file.cpu),
        pull=file.pull,
        start_seconds=file.start_seconds,
        limits=limits,
    )


_ADVICE = "docs/commit-tests.md describes the keys of a template."


def _limits(limits: _Limits) -> Limits:
    values: dict[str, Any] = {
        "seconds": limits.seconds,
        "memory": _bytes(limits.memory),
        "processes": limits.processes,
        "file_bytes": _bytes(limits.file),
        "disk_bytes": _bytes(limits.disk),
        "output_bytes": _bytes(limits.output),
    }
    return Limits(**{name: value for name, value in values.items() if value is not None})


def _bytes(size: str | int | None) -> int | None:
    if size is None or isinstance(size, int):
        return size
    match = _SIZE.fullmatch(size.strip())
    if match is None:
        raise ValueError(f"invalid size {visible(size, 40)!r}: write it such as 4Gi or 512Mi")
    return int(match["number"]) * _UNITS[match["unit"]]
