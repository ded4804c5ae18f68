"""The commands of a log: which one failed, and which of its lines are its output."""

import io

import pytest

from ci_stat.failures import extract
from ci_stat.failures.commands.sections import ANCHORS, Section, passed, sections
from ci_stat.failures.document import Document
from ci_stat.failures.scanning.anchors import Anchors
from ci_stat.failures.scanning.scan import scan

REASON = "sail: the north mast is rotten, refusing to leave"


def document_of(log: str) -> tuple[Document, list[int]]:
    anchors = Anchors(ANCHORS)
    document = Document(scan(io.BytesIO(log.encode()), anchors).parts)
    return document, list(document.anchored(anchors))


def commands_of(log: str) -> list[Section]:
    return sections(*document_of(log))


def outputs(log: str) -> list[list[str]]:
    """Return the output of each failed command, without empty lines."""
    document, _ = document_of(log)
    return [
        [text for text in document.line_texts(range(command.first, command.last + 1)) if text]
        for command in commands_of(log)
        if command.failed
    ]


def stamped(log: str) -> str:
    return "".join(f"2025-03-04T10:00:00.0000000Z {line}\n" for line in log.splitlines())


SETUP = "Current runner version: '2.322.0'\n##[group]Operating System\nUbuntu\n##[endgroup]\n"
CHECKOUT = "##[group]Run actions/checkout@v4\nwith:\n  fetch-depth: 1\n##[endgroup]\nHEAD is at 7\n"
STEP = "##[group]Run make\n\x1b[36;1mmake\x1b[0m\nshell: /usr/bin/bash -e {0}\n##[endgroup]\n"
UPLOAD = "##[group]Run actions/upload-artifact@v4\nwith:\n  name: logs\n##[endgroup]\n1 file\n"
EXIT = "##[error]Process completed with exit code 2.\n"
CLEANUP = "Post job cleanup.\n[command]/usr/bin/git version\nCleaning up orphan processes\n"
GROUP = "##[group]Collecting logs\n3 files\n##[endgroup]\n"

LOGS = {
    "travis": (
        "travis_time:start:1a\r\x1b[0K$ make\nall well\n"
        "travis_time:end:1a:start=1,finish=2\r\x1b[0K"
        f'The command "make" exited with 0.\ntravis_time:start:1b\r\x1b[0K$ make sail\n{REASON}\n'
        'The command "make \\\n  sail"\n" exited with 1.\n\nDone. Your build exited with 1.\n'
    ),
    "github": stamped(SETUP + CHECKOUT + STEP + REASON + "\n" + EXIT + UPLOAD + CLEANUP),
    "github, a group of the script": stamped(
        SETUP + CHECKOUT + STEP + GROUP + REASON + "\n" + EXIT + CLEANUP
    ),
    "github, words of an action": stamped(
        SETUP + CHECKOUT + UPLOAD.replace("1 file", f"##[error]{REASON}\n  Look there.") + CLEANUP
    ),
    "github, as gh prints it": "".join(
        f"build\tUNKNOWN STEP\t{line}\n"
        for line in stamped(SETUP + CHECKOUT + STEP + REASON + "\n" + EXIT + CLEANUP).splitlines()
    ),
    "azure": stamped(
        "##[section]Starting: Build\n##[section]Starting: make\n##[group]Tools\nmake 4\n"
        f"##[endgroup]\n{REASON}\n##[error]Bash exited with code '2'.\n"
        "##[section]Finishing: make\n##[section]Starting: Upload\n1 file\n"
        "##[section]Finishing: Upload\n##[section]Finishing: Build\n"
    ),
    "gitlab": (
        "section_start:1741082300:get_sources\r\x1b[0KFetching\nsection_end:1741082301:get_sources\r\n"
        f"section_start:1741082400:step_script\r\x1b[0KExecuting\n$ make\n"
        f"section_start:1741082401:tools\r\x1b[0KTools\nsection_end:1741082402:tools\r\n{REASON}\n"
        "section_start:1741082460:after_script\r\x1b[0KRunning after_script\n$ rm -r out\n"
        "section_end:1741082461:after_script\r\x1b[0K\n"
        "section_start:1741082462:cleanup_file_variables\r\x1b[0KCleaning up\n"
        "ERROR: Job failed: exit code 2\n"
    ),
    "jenkins": (
        f"[build] $ /bin/sh -ex run.sh\n{REASON}\n"
        "Build step 'Execute shell' marked build as failure\nRecording test results\n"
        "ERROR: Step 'Publish test results' failed: no report files were found\n"
        "Finished: FAILURE\n"
    ),
    "jenkins pipeline": (
        f"[Pipeline] {{ (Build)\n[Pipeline] sh\n+ make\n{REASON}\n"
        '[Pipeline] { (Deploy)\nStage "Deploy" skipped due to earlier failure(s)\n'
        "[Pipeline] { (Declarative: Post Actions)\nArchiving artifacts\n[Pipeline] }\n"
        "ERROR: script returned exit code 2\nFinished: FAILURE\n"
    ),
    "buildkite": (
        "~~~ Running agent environment hook\nenv\n~~~ Running commands\n$ make\n"
        f"{REASON}\n\x1b[31m🚨 Error: The command exited with status 2\x1b[0m\n"
        "~~~ Running global pre-exit hook\nbye\n"
    ),
    "circleci": f"#!/bin/bash -eo pipefail\nmake\n{REASON}\n\nExited with code exit status 2\n",
    "codebuild": (
        f"[Container] 2025/03/04 10:00:00 Running command make\n{REASON}\n"
        "[Container] 2025/03/04 10:00:01 Command did not exit successfully make exit status 2\n"
        "[Container] 2025/03/04 10:00:02 Phase complete: BUILD State: FAILED\n"
    ),
    "taskcluster": (
        "[taskcluster 2025-03-04 10:00:00.000Z] === Task Starting ===\n"
        f"[task 2025-03-04T10:00:01.000Z] {REASON}\n"
        "[taskcluster 2025-03-04 10:00:02.000Z] === Task Finished ===\n"
        "[taskcluster 2025-03-04 10:00:03.000Z] Unsuccessful task run with exit code: 1 completed\n"
    ),
}


@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS)
def test_the_failed_command_ends_with_its_own_last_words(log: str) -> None:
    (output,) = outputs(log)
    words = [text for text in output if not text.startswith(("  ", "[Pipeline]"))]
    assert words[-1].endswith(REASON)


@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS)
def test_no_failure_lies_outside_of_the_failed_command(log: str) -> None:
    (command,) = [command for command in commands_of(log) if command.failed]
    for failure in extract(io.BytesIO(log.encode())).failures:
        assert command.first < failure.first_line <= failure.last_line <= command.last + 1


def test_words_of_an_action_are_an_error_of_several_lines() -> None:
    (failure,) = extract(io.BytesIO(LOGS["github, words of an action"].encode())).failures
    assert failure.message == f"Error: {REASON}"
    assert failure.excerpt.endswith("  Look there.")


def test_what_a_script_folds_is_not_its_last_word() -> None:
    log = stamped(SETUP + CHECKOUT + STEP + REASON + "\n" + GROUP + EXIT + CLEANUP)
    (failure,) = extract(io.BytesIO(log.encode())).failures
    assert failure.message == REASON


def test_a_block_does_not_cross_the_end_of_its_command() -> None:
    report = "error: the sail is torn\n  --> sail.rs:7:3\n"
    log = stamped(SETUP + CHECKOUT + STEP + report + EXIT + CLEANUP)
    (failure,) = extract(io.BytesIO(log.encode())).failures
    assert failure.excerpt == report.rstrip()


PASSING = {
    "github": stamped(SETUP + CHECKOUT + STEP + "error: tolerated\n" + UPLOAD + CLEANUP),
    "azure": stamped("##[section]Starting: make\nerror: tolerated\n##[section]Finishing: make\n"),
    "taskcluster": (
        "[task 2025-03-04T10:00:01.000Z] error: tolerated\n"
        "[taskcluster 2025-03-04 10:00:03.000Z] Successful task run with exit code: 0 completed\n"
        + "[taskcluster 2025-03-04 10:00:03.000Z] uploading an artifact\n"
        * 30
    ),
    "jenkins": "error: tolerated\nFinished: SUCCESS\n",
    "gitlab": "error: tolerated\nJob succeeded\n",
}


@pytest.mark.parametrize("log", PASSING.values(), ids=PASSING)
def test_a_build_that_passed_has_no_failure(log: str) -> None:
    assert passed(*document_of(log))
    assert extract(io.BytesIO(log.encode())).failures == ()


def test_a_log_that_stops_within_a_step_is_not_one_that_passed() -> None:
    assert not passed(*document_of(stamped(SETUP + CHECKOUT + STEP + "error: no disk\n")))


def test_a_container_that_fails_says_so_in_its_last_words_only() -> None:
    container = (
        "##[group]Run acme/typeset@v2\nwith:\n  file: a.tex\n##[endgroup]\n"
        "##[command]/usr/bin/docker run --name a\n" + "page\n" * 30
    )
    log = stamped(SETUP + CHECKOUT + container + "fatal: cannot open a.tex\n" + CLEANUP)
    (failure,) = extract(io.BytesIO(log.encode())).failures
    assert failure.message == "fatal: cannot open a.tex"
    assert (
        extract(io.BytesIO(stamped(SETUP + CHECKOUT + container + CLEANUP).encode())).failures == ()
    )
