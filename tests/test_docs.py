"""The documentation is true: commands run or parse, tables equal the code, links resolve."""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from hypothesis import settings

import ci_stat.test_results
from ci_stat import config, errors
from ci_stat.ci_stat import get_result
from ci_stat.cli import Commands, cli
from ci_stat.cli.work.demo import build
from ci_stat.config import KEYS
from ci_stat.formats.failure_details import FAILURE_FIELDS
from ci_stat.formats.jsonl import FIELDS, PULL_FIELDS
from ci_stat.formats.statuses import SKIPPED_WORDS, STATUS_NAMES, UNFINISHED_WORDS
from ci_stat.records import ATTEMPT_KEY, DETAILS_KEY, URL_KEY
from tests.support.command_server import command_server
from tests.support.golden import Golden
from tests.support.shop_results import build_shop

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
BIN = Path(sys.executable).parent
DOCS_ROWS_PER_DAY = 150
MAKES_THE_DEMO = f"ci-stat demo build/demo --rows-per-day {DOCS_ROWS_PER_DAY}\n"
PUBLISHED = """\
import ci_stat.ci_stat as stat
from datetime import datetime

res = stat.get_result(datetime(2021, 6, 19), datetime(2021, 6, 21), [])   # third argument: job names, empty = all
stat.summary(res)            # counts and rates of the window
stat.job_list(res.job_map)   # jobs, most failures first, each with its failing PRs and their runs
stat.pr_list(res.pr_map)     # PRs, most failures first, each with commits and runs
"""  # noqa: E501 - the published lines stand word for word
_BLOCK = re.compile(r"^( *)```([^\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_INLINE = re.compile(r"`(ci-stat [^`]+)`")
_MACHINE = re.compile(r"/root/|/home/|/tmp/|" + re.escape(f"{ROOT}/"))


@dataclass(frozen=True)
class Block:
    page: Path
    info: str
    text: str
    line: int

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        yield Block(page, found[2].strip(), found[3], text.count("\n", 0, found.start()) + 1)


def _rows(page: Path, head: str) -> list[list[str]]:
    """The cells of the table whose head line begins with `head`."""
    lines = page.read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(head))
    found = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def _names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


ALL_BLOCKS = [block for page in PAGES for block in _blocks(page)]
RUNNABLE = [block for block in ALL_BLOCKS if block.info == "bash run"]
# In this order: what one block defines, the later ones use.
PYTHON_PAGES = [README, *(ROOT / "docs" / f"{name}.md" for name in ("api", "reports", "issues"))]
PYTHON = [block for page in PYTHON_PAGES for block in _blocks(page) if block.info == "python"]
SHOWN = {
    str(block): shown.text
    for block, shown in pairwise(ALL_BLOCKS)
    if block.info == "bash run" and shown.info == "text output"
}


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo, built once a test process."""
    folder = tmp_path_factory.mktemp("docs") / "demo"
    return build(folder, DOCS_ROWS_PER_DAY, days=14, seed=20210621).folder


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up test results, built once a test process."""
    path = tmp_path_factory.mktemp("shop") / "results.sqlite"
    build_shop(path)
    return path


@pytest.fixture
def world(demo_folder: Path, shop: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who has activated .venv and chosen the demo."""
    return {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "STAT_ENV_PATH": str(demo_folder),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "CI_STAT_RESULTS_URL": f"sqlite:///{shop}",
        "PYTHONWARNINGS": "error",
    }


def _run(
    command: list[str], folder: Path, world: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        command,
        cwd=folder,
        env=world,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"
    return done


# Blocks


def test_there_are_blocks_to_run() -> None:
    assert len(RUNNABLE) >= 5
    assert len(PYTHON) >= 4
    assert {block.page for block in ALL_BLOCKS if block.info == "python"} == set(PYTHON_PAGES)
    assert len(SHOWN) == len([block for block in ALL_BLOCKS if block.info == "text output"]) > 0


def test_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 120


@pytest.fixture(scope="module")
def commands() -> Iterator[Path]:
    """The folder with a `ci-stat` that starts in a moment."""
    with command_server() as folder:
        yield folder


@pytest.mark.parametrize("block", RUNNABLE, ids=str)
def test_bash_block_runs(
    block: Block, world: dict[str, str], tmp_path: Path, golden: Golden, commands: Path
) -> None:
    world["PATH"] = f"{commands}{os.pathsep}{world['PATH']}"
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "examples", folder / "examples")
    before = sorted(folder.rglob("*"))
    done = _run(["bash", "-euo", "pipefail", "-c", block.text], folder, world)
    if block.page.stem != "usage":  # its blocks show how to write a file
        assert sorted(folder.rglob("*")) == before, "the block leaves a file behind"
    assert "Traceback" not in done.stderr
    assert "No runs in this window" not in done.stdout, "the documentation shows an empty window"
    shown = SHOWN.get(str(block), done.stdout)
    if golden.update and shown != done.stdout:
        page = block.page.read_text(encoding="utf-8")
        block.page.write_text(
            page.replace(f"\n{shown}```", f"\n{done.stdout}```"), encoding="utf-8"
        )
        shown = done.stdout
    assert done.stdout == shown


@pytest.mark.parametrize("name", ["compare", "questions"])
def test_pages_say_which_demo_their_screens_show(name: str) -> None:
    made, first = [
        next(block.line for block in ALL_BLOCKS if block.page.stem == name and found in block.text)
        for found in (MAKES_THE_DEMO, "--end latest")
    ]
    assert made < first
    # The defaults of the command are those of the demo.
    command = cli.get_command(click.Context(cli), "demo")
    assert command is not None
    defaults = {parameter.name: parameter.default for parameter in command.params}
    assert (defaults["days"], defaults["seed"]) == (14, 20210621)


def test_the_text_of_the_picture_says_what_it_shows() -> None:
    found = re.search(r"!\[(.*)\]\(docs/images/demo\.svg\)", README.read_text(encoding="utf-8"))
    assert found
    picture = (ROOT / "docs" / "images" / "demo.svg").read_text(encoding="utf-8")
    for question in ("What fails?", "Where?", "Why?", "What next?"):
        assert question.replace(" ", "&#160;") in picture
        assert question.split()[-1].strip("?").lower() in found[1]


def test_python_blocks_run_one_after_the_other(
    demo_folder: Path,
    shop: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("STAT_ENV_PATH", str(demo_folder))
    monkeypatch.setenv("CI_STAT_RESULTS_URL", f"sqlite:///{shop}")
    names: dict[str, Any] = {}
    for block in PYTHON:
        tree = ast.parse(block.text, filename=str(block))
        for statement in tree.body:
            code = ast.unparse(statement)
            if isinstance(statement, ast.Expr):  # a comparison shown to the reader must hold
                assert eval(code, names) is not False, code
            else:
                exec(code, names)
    assert names["res"].total_cnt > 0
    assert "pull requests" in capsys.readouterr().out


def test_published_lines_stand_word_for_word() -> None:
    assert PYTHON[0].text == PUBLISHED


@pytest.mark.parametrize("block", [b for b in ALL_BLOCKS if b.info == "json"], ids=str)
def test_json_blocks_are_json(block: Block) -> None:
    for line in block.text.splitlines():
        json.loads(line)


# Command lines


def _command_lines() -> Iterator[tuple[str, str]]:
    """(where, `ci-stat ...` as a shell reads it) in blocks and in running text."""
    for block in ALL_BLOCKS:
        if block.info.startswith("bash"):
            yield from (
                (f"{block}", line.strip()) for line in block.text.splitlines() if "ci-stat" in line
            )
        elif block.info == "crontab":
            yield from (
                (f"{block}", " ".join(line.split()[5:])) for line in block.text.splitlines()
            )
    for page in PAGES:
        text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
        yield from ((page.name, found) for found in _INLINE.findall(text))


def _arguments(line: str) -> Iterator[list[str]]:
    """The arguments of each `ci-stat` in a shell line."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    for is_sign, words in groupby(lexer, key=lambda word: set(word) <= set("();<>|&")):
        part = list(words)
        start = next((at for at, word in enumerate(part) if Path(word).name == "ci-stat"), None)
        if not is_sign and start is not None:
            yield [word for word in part[start + 1 :] if word != "..."]


def _parses(arguments: list[str]) -> None:
    name, *rest = arguments
    command = cli.get_command(click.Context(cli), name) if isinstance(cli, click.Group) else None
    assert command is not None, f"there is no command {name!r}"
    try:
        command.make_context(name, rest)
    except click.exceptions.Exit:
        assert "--help" in rest
    except click.MissingParameter:
        assert not rest  # `ci-stat import` as a name in running text


def test_every_command_line_parses() -> None:
    seen = set()
    for where, line in _command_lines():
        for arguments in _arguments(line):
            if not arguments or arguments[0].startswith("-"):
                continue
            try:
                _parses(arguments)
            except (AssertionError, click.ClickException) as error:
                pytest.fail(f"{where}: {line}: {error}")
            seen.add(arguments[0])
    assert seen >= {
        "summary",
        "jobs",
        "prs",
        "failures",
        "report",
        "deliveries",
        "import",
        "export",
        "demo",
        "config",
    }


def test_changelog_names_every_command() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert isinstance(cli, Commands)
    assert [name for name in cli.list_commands(click.Context(cli)) if f"`{name}`" not in text] == []


def test_every_make_word_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets, page.name


# Tables


def _settings_table() -> list[list[str]]:
    return [
        [
            f"`{name}`",
            f"`{key.default}`" if key.default else "",
            key.purpose + " (secret)" * key.secret,
        ]
        for name, key in KEYS.items()
    ]


def test_settings_table_is_the_codes() -> None:
    wanted = _settings_table()
    shown = "\n".join(f"| {' | '.join(row)} |" for row in wanted)
    page = ROOT / "docs" / "settings.md"
    assert _rows(page, "| key | default |") == wanted, f"put this into {page.name}:\n{shown}"


def _own_exit_codes() -> dict[int, str]:
    """The error class that brings each exit code."""
    classes = [
        c
        for c in vars(errors).values()
        if isinstance(c, type) and issubclass(c, errors.CiStatError)
    ]
    return {c.exit_code: c.__name__ for c in classes if "exit_code" in vars(c)}


def test_exit_code_table_is_the_codes() -> None:
    rows = _rows(ROOT / "docs" / "exit-codes.md", "| code | meaning |")
    assert {
        int(code): "".join(_names(error)) for code, _, error in rows if error
    } == _own_exit_codes()
    shown = cli.epilog or ""
    assert all(meaning.replace("`", "") in shown for _, meaning, _ in rows), (
        "docs/exit-codes.md and `ci-stat --help` say different things"
    )
    assert [int(code) for code, *_ in rows] == [0, *sorted(_own_exit_codes()), 130, 143]


def test_import_fields_are_the_codes() -> None:
    page = ROOT / "docs" / "formats.md"
    assert sorted(_names(row[0])[0] for row in _rows(page, "| field | type |")) == sorted(FIELDS)
    short = {_names(row[0])[0]: _names(row[1])[0] for row in _rows(page, "| field | stored as |")}
    assert short == {name: f"description.{key}" for name, key in PULL_FIELDS.items()} | {
        "attempt": f"description.{ATTEMPT_KEY}",
        "url": f"description.{URL_KEY}",
        "case": "analysis_res.case",
        "failures": f"analysis_res.{DETAILS_KEY}",
    }
    statuses = {
        given: stored for names, stored in _rows(page, "| given |") for given in names.split(", ")
    }
    assert statuses == STATUS_NAMES
    not_counted = {kind: set(words.split(", ")) for words, kind in _rows(page, "| not stored |")}
    assert not_counted == {"not finished": UNFINISHED_WORDS, "skipped": SKIPPED_WORDS}
    fields = sorted(_names(row[0])[0] for row in _rows(page, "| field of a failure |"))
    assert fields == sorted(FAILURE_FIELDS)


def test_rooms_are_the_contracts() -> None:
    contract = ConfigParser()
    contract.read(ROOT / ".importlinter")
    layers = contract["importlinter:contract:house"]["layers"].strip().splitlines()
    placed = {room.strip(" ()") for layer in layers for room in layer.split("|")}
    described = {_names(row[0])[0] for row in _rows(ROOT / "docs" / "architecture.md", "| room |")}
    assert described == placed


def test_frame_columns_are_the_codes(demo_folder: Path) -> None:
    settings = config.load({"STAT_ENV_PATH": str(demo_folder)})
    res = get_result(datetime(2021, 6, 10), datetime(2021, 6, 11), settings=settings)
    for method, _, columns in _rows(ROOT / "docs" / "api.md", "| method | one row |"):
        frame = getattr(res, _names(method)[0].removesuffix("()"))()
        assert list(frame.columns) == columns.split(), method


def test_frame_columns_of_test_results_are_the_codes(shop: Path) -> None:
    history = ci_stat.test_results.open(shop)
    things: dict[str, Any] = {
        "Runs": history.runs(),
        "CaseHistory": history.case("test_total"),
        "RunReport": history.newest(),
        "Comparison": history.compare("unit#12", "unit#24"),
    }
    described = _rows(ROOT / "docs" / "api.md", "| frame of | one row |")
    assert {_names(row[0])[0] for row in described} == things.keys()
    for name, _, columns in described:
        assert list(things[_names(name)[0]].to_frame().columns) == columns.split(), name


def test_attributes_of_the_api_exist(demo_folder: Path) -> None:
    settings = config.load({"STAT_ENV_PATH": str(demo_folder)})
    res = get_result(datetime(2021, 6, 10), datetime(2021, 6, 11), settings=settings)
    things = {
        "## Result": res,
        "## Run": res.run_list[0],
        "| Job |": next(iter(res.job_map.values())),
        "| PR |": next(iter(res.pr_map.values())),
        "| Commit |": next(iter(res.commit_hash_map.values())),
        "## FailInfo": next(iter(res.fail_info_map.values())),
    }
    described: defaultdict[str, set[str]] = defaultdict(set)
    section = ""
    for line in (ROOT / "docs" / "api.md").read_text(encoding="utf-8").splitlines():
        head = next(
            (name for name in things if line == name or (name[0] == "|" and line.startswith(name))),
            None,
        )
        section = head or ("" if line.startswith("## ") else section)
        if section and line.startswith("| `"):
            described[section] |= {name.partition("(")[0] for name in _names(line.split("|")[1])}
    for name, thing in things.items():
        assert described[name]
        assert [
            attribute for attribute in described[name] if not hasattr(thing, attribute)
        ] == [], name


# Files


def test_settings_template_is_complete_and_usable(tmp_path: Path) -> None:
    template = ROOT / "env.example.json"
    assert list(json.loads(template.read_text(encoding="utf-8"))) == list(KEYS)
    settings = config.load({"STAT_ENV_PATH": str(template)})
    assert settings.warnings == ()
    filled = json.loads(template.read_text(encoding="utf-8")) | {
        "host": "db.example",
        "user": "reader",
    }
    (tmp_path / "env.json").write_text(json.dumps(filled), encoding="utf-8")
    ci_data = config.load({"STAT_ENV_PATH": str(tmp_path)}).ci_data
    assert ci_data.url.reveal().endswith("@db.example:3306/sync_ci_data")
    assert ci_data.zone.key == "UTC"


def test_relative_links_resolve() -> None:
    for page in PAGES:
        for link in _LINK.findall(_BLOCK.sub("", page.read_text(encoding="utf-8"))):
            if not re.match(r"[a-z]+:|#", link):
                assert (page.parent / link.partition("#")[0]).exists(), f"{page.name}: {link}"


def test_pages_name_no_path_of_a_machine() -> None:
    committed = [
        *PAGES,
        *(ROOT / "examples").iterdir(),
        *(ROOT / "tools").iterdir(),
        *(ROOT / ".github").rglob("*.yml"),
    ]
    for path in [*committed, ROOT / "docs" / "images" / "demo.svg"]:
        if path.is_file():
            assert _MACHINE.findall(path.read_text(encoding="utf-8")) == [], path


def test_picture_loads_nothing() -> None:
    picture = ROOT / "docs" / "images" / "demo.svg"
    text = picture.read_text(encoding="utf-8")
    assert picture.stat().st_size < 200_000
    assert set(re.findall(r"https?://[^\"'\s<>)]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|@font-face|<script|<image|href=", text)
    assert "Where?" in text


def test_licence_is_what_the_package_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in text
    assert "The ci_stat authors" in text


def test_workflow_runs_what_ci_runs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "bash .ci/run" in workflow
    for classifier in project["classifiers"]:
        version = re.fullmatch(r"Programming Language :: Python :: (\d\.\d+)", classifier)
        assert not version or f'"{version[1]}"' in workflow


def test_the_oldest_pandas_is_tested_too() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (oldest,) = (text[8:] for text in project["dependencies"] if text.startswith("pandas>="))
    assert f"'pandas=={oldest}.*'" in (ROOT / "Makefile").read_text(encoding="utf-8")
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "make test-pandas" in workflow


# Examples

_ESCAPE = "\x1b["


def _fetch(world: Mapping[str, str], folder: Path, *arguments: str) -> str:
    """What examples/fetch.py writes into a file."""
    with (folder / "log.ans").open("w", encoding="utf-8") as log:
        subprocess.run(
            [sys.executable, str(ROOT / "examples" / "fetch.py"), *arguments],
            cwd=folder,
            env=world,
            stdout=log,
            check=True,
            timeout=60,
        )
    return (folder / "log.ans").read_text(encoding="utf-8")


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_dump_is_coloured_nested_and_uncut(world: dict[str, str], tmp_path: Path) -> None:
    dump = _fetch({**world, "COLUMNS": "40"}, tmp_path)
    assert _ESCAPE in dump
    lines = _plain(dump).splitlines()
    assert max(map(len, lines)) > 200
    assert not [line for line in lines if line.endswith("…")]
    depths = {len(line) - len(line.lstrip()) for line in lines if re.match(r"(    )+\S", line)}
    assert depths == {4, 8, 12, 16}


@pytest.mark.parametrize(("variable", "arguments"), [("1", ()), ("", ("--color", "never"))])
def test_dump_without_colours(
    world: dict[str, str], tmp_path: Path, variable: str, arguments: tuple[str, ...]
) -> None:
    dump = _fetch({**world, "NO_COLOR": variable}, tmp_path, *arguments)
    assert _ESCAPE not in dump
    assert "    commit " in dump


def test_color_always_is_stronger_than_no_color(world: dict[str, str], tmp_path: Path) -> None:
    assert _ESCAPE in _fetch({**world, "NO_COLOR": "1"}, tmp_path, "--color", "always")


def test_dump_of_one_job(world: dict[str, str], tmp_path: Path) -> None:
    dump = _plain(
        _fetch(world, tmp_path, "2021-06-14", "2021-06-21", "tidb_ghpr_check", "--color", "never")
    )
    jobs = [line for line in dump.splitlines() if re.match(r"\w+ \d+ runs?", line)]
    assert [line.split()[0] for line in jobs] == ["tidb_ghpr_check"]


@pytest.mark.filterwarnings(
    "ignore:.*:DeprecationWarning:(jupyter_client|nbclient|nbformat|zmq|traitlets|asyncio)"
)
def test_notebook_runs(
    world: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import nbformat
    from nbclient import NotebookClient

    for name, value in world.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PYTHONWARNINGS")  # the kernel's own libraries are not ours to mend
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    notebook: Any = nbformat.read(ROOT / "examples" / "explore.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    assert all(not cell.get("outputs") for cell in notebook.cells), (
        "commit the notebook without outputs"
    )
    last: Any = nbformat.v4.new_code_cell("import sys; print(sys.prefix)")  # type: ignore[no-untyped-call]
    notebook.cells.append(last)
    NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert outputs[-1]["text"].strip() == sys.prefix, "the kernel is another Python"
    assert not [
        output
        for output in outputs
        if output["output_type"] == "error" or output.get("name") == "stderr"
    ]
    assert sum("text/html" in output.get("data", {}) for output in outputs) >= 6


def test_rule_keys_are_the_codes() -> None:
    from dataclasses import MISSING, fields

    from ci_stat.failures.rules import Rule

    rows = _rows(ROOT / "docs" / "rules.md", "| key | default |")
    described = {_names(key)[0]: _names(default) for key, default, _ in rows}
    assert list(described) == sorted(described, key=list(described).index)
    keys = [field for field in fields(Rule) if field.name != "own"]  # `own` says who wrote it
    assert set(described) == {field.name for field in keys}
    for field in keys:
        default = () if field.default is MISSING else field.default
        shown = described[field.name]
        if shown:
            assert shown == [
                json.dumps(list(default) if isinstance(default, tuple) else default)
            ], field.name


def test_the_example_of_a_rule_works(tmp_path: Path) -> None:
    import io

    from ci_stat.failures import ScanOptions, extract
    from ci_stat.failures.rules import parse

    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    log = "\n".join(line[4:] for line in page.splitlines() if line.startswith("    "))
    rule = next(block.text for block in _blocks(ROOT / "docs" / "rules.md") if block.info == "toml")
    (found,) = extract(
        io.BytesIO(log.encode()), options=ScanOptions(parse(rule, "the page"))
    ).failures
    assert (found.kind, found.message, found.first_line, found.last_line) == (
        "check",
        "no header",
        2,
        3,
    )


# The guide to the tests

TESTING = ROOT / "docs" / "testing.md"


def test_markers_of_the_guide_are_the_codes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    markers = project["tool"]["pytest"]["ini_options"]["markers"]
    described = {_names(row[0])[0] for row in _rows(TESTING, "| marker | tests |")}
    assert described == {marker.partition(":")[0] for marker in markers}


def test_profiles_of_the_guide_are_the_codes() -> None:
    for name, examples, limit in _rows(TESTING, "| profile | examples"):
        profile = settings.get_profile(_names(name)[0])
        deadline = profile.deadline
        assert limit == ("none" if deadline is None else f"{deadline.seconds} s")
        if not name.startswith("`ci_stat`"):
            assert examples == str(profile.max_examples)


def test_files_and_markers_in_commands_of_the_guide_exist(pytestconfig: pytest.Config) -> None:
    known = {line.partition(":")[0] for line in pytestconfig.getini("markers")}
    lines = [
        line
        for block in _blocks(TESTING)
        for line in block.text.splitlines()
        if "-m pytest" in line
    ]
    assert len(lines) > 10
    for line in lines:
        words = shlex.split(line.partition("-m pytest")[2], comments=True)
        for word in words:
            if word.startswith("tests/"):
                assert (ROOT / word.partition("::")[0]).exists(), line
        if "-m" in words:
            named = set(re.findall(r"\w+", words[words.index("-m") + 1])) - {"and", "not"}
            assert named <= known, line


def test_inputs_of_the_action_are_the_codes() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    page = ROOT / "docs" / "actions.md"
    for head, part in (("| input | default |", "inputs"), ("| output | meaning |", "outputs")):
        described = [name for row in _rows(page, head) for name in _names(row[0])]
        assert sorted(described) == sorted(action[part])
