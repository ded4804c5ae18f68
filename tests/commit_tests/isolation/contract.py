"""What every backend does alike. A test class of a backend inherits it, and brings `bench`."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ci_stat.commit_tests.isolation.templates import Template
from ci_stat.commit_tests.model import Limits, Outcome, RunEnded, RunResult, Step
from tests.commit_tests.isolation.bench import Bench
from tests.commit_tests.isolation.repositories import commit

MIB = 1024 * 1024
JUNIT = '<testsuite><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>'


class Contract:
    """The tests. `marks`: the folder of markers as commands see it."""

    marks = ""

    def test_a_command_that_passes(self, bench: Bench) -> None:
        result = bench.run("cat file.txt; echo err >&2; id -u")
        assert result.outcome is Outcome.PASSED, result.detail
        assert result.exit_code == 0
        assert bench.lines == ["content", "err", "10001"]
        assert [step.step for step in result.steps] == [Step.CLONE, Step.CHECKOUT, Step.TEST]
        assert Path(result.output.path).read_text().splitlines() == bench.lines
        assert isinstance(bench.events[-1], RunEnded)

    def test_a_command_that_fails(self, bench: Bench) -> None:
        result = bench.run(("sh", "-c", "echo 'it broke'; exit 7"))
        assert (result.outcome, result.exit_code) == (Outcome.FAILED, 7)
        assert bench.lines == ["it broke"]
        assert "kubectl logs" in result.detail or bench.backend.name != "kubernetes"

    def test_words_are_no_shell_text(self, bench: Bench) -> None:
        result = bench.run(("printf", "%s\n", "$HOME; `id`", "a'b", "--"))
        assert result.outcome is Outcome.PASSED, result.detail
        assert bench.lines == ["$HOME; `id`", "a'b", "--"]

    def test_a_text_is_run_by_a_shell(self, bench: Bench) -> None:
        result = bench.run("true && echo \"$CI\" | tr a-z A-Z; false || echo 'b'")
        assert bench.lines == ["TRUE", "b"], result.detail

    def test_a_command_that_is_killed(self, bench: Bench) -> None:
        result = bench.run("kill -11 $$")
        assert (result.outcome, result.signal) == (Outcome.FAILED, "SIGSEGV"), result.detail

    def test_a_command_that_is_not_there(self, bench: Bench) -> None:
        result = bench.run(("no-such-program", "x"))
        assert (result.outcome, result.exit_code) == (Outcome.FAILED, 127), result.detail

    def test_a_command_that_runs_too_long(self, bench: Bench) -> None:
        result = bench.run("echo begun; sleep 60", limits=Limits(seconds=0.7))
        assert result.outcome is Outcome.TIMED_OUT, result.detail
        assert "0.7 s" in result.detail
        assert bench.lines == ["begun"]

    def test_a_command_that_needs_too_much_memory(self, bench: Bench) -> None:
        hungry = "x=$(head -c 150000000 /dev/zero | tr '\\0' x); sleep 5; echo ${#x}"
        result = bench.run(hungry, limits=Limits(memory=48 * MIB))
        assert result.outcome is Outcome.OUT_OF_MEMORY, result.detail

    def test_no_network_unless_asked(self, bench: Bench) -> None:
        bench.run("grep -c : /proc/net/dev; wc -l < /proc/net/route")
        assert [line.strip() for line in bench.lines] == ["1", "1"]  # the loopback, no route

    def test_no_rights(self, bench: Bench) -> None:
        bench.run("grep -E 'CapEff|NoNewPrivs' /proc/self/status")
        values = dict(line.split(":\t") for line in bench.lines)
        assert values == {"CapEff": "0000000000000000", "NoNewPrivs": "1"}

    def test_variables_are_handed_over_and_shown_nowhere(self, bench: Bench) -> None:
        secret = "s3cret 'with\" signs $HOME"
        result = bench.run("printf '%s\n' \"$TOKEN\"", environment=(f"TOKEN={secret}",))
        assert bench.lines == [secret]
        assert "s3cret" not in repr(result.steps) + result.environment

    def test_no_variable_of_this_machine(self, bench: Bench) -> None:
        bench.run("env | sed 's/=.*//' | sort")
        known = {"CI", "HOME", "HOSTNAME", "LANG", "OLDPWD", "PATH", "PWD", "SHLVL", "TERM", "_"}
        assert set(bench.lines) <= known | {"container", "KUBERNETES_SERVICE_HOST"}

    def test_a_setup_leaves_its_files_for_the_test(self, bench: Bench) -> None:
        result = bench.run("cat made ~/in-home", setup="echo one > made; echo two > ~/in-home")
        assert result.outcome is Outcome.PASSED, result.detail
        assert bench.lines == ["one", "two"]
        assert [step.step for step in result.steps][2:] == [Step.SETUP, Step.TEST]

    def test_a_setup_that_fails_ends_the_run(self, bench: Bench) -> None:
        result = bench.run("true", setup="echo no; exit 3")
        assert (result.outcome, result.last_step) == (Outcome.FAILED, Step.SETUP)

    def test_result_files_are_counted(self, bench: Bench) -> None:
        write = f"mkdir -p out; printf '%s' '{JUNIT}' > out/junit.xml"
        hostile = "ln -s /etc/passwd out/x.xml; ln -s / out/root"
        result = bench.run(f"{write}; {hostile}; exit 1", junit=("out/*.xml",))
        assert result.tests is not None
        assert (result.tests.files, result.tests.passed, result.tests.failed) == (1, 1, 1)

    def test_failures_of_the_output_are_named(self, bench: Bench) -> None:
        result = bench.run("printf -- '--- FAIL: TestX (0.00s)\\n    a_test.go:1: no\\n'; exit 1")
        assert [failure.case for failure in result.failures] == ["TestX"]

    def test_a_forged_marker_is_no_pass(self, bench: Bench) -> None:
        """The command keeps our script from writing its marker."""
        for code in (0, 3):
            result = bench.run(f"mkdir -p {self.marks}/exit || exit 9; exit {code}")
            assert result.outcome is Outcome.INFRASTRUCTURE, result.detail
        forged = f"printf '0123 0 0\\n' > {self.marks}/exit"
        result = bench.run(f"{forged}; chmod 500 {self.marks}; chmod 400 {self.marks}/exit; exit 3")
        assert result.outcome in (Outcome.INFRASTRUCTURE, Outcome.FAILED), result.detail

    def test_a_commit_that_is_not_there(self, bench: Bench) -> None:
        result = bench.run("true", commit="nothing")
        assert (result.outcome, result.last_step) == (Outcome.INFRASTRUCTURE, Step.CHECKOUT)
        assert "nothing" in result.detail

    def test_output_beyond_the_limit_keeps_both_ends(self, bench: Bench) -> None:
        limits = Limits(output_bytes=1000)
        result = bench.run("seq 1 5000", limits=limits)
        kept = Path(result.output.path).read_text()
        assert kept.startswith("1\n2\n")
        assert kept.endswith("4999\n5000\n")
        assert f"{result.output.cut_lines:,} lines" in kept
        assert result.output.total_lines == 5000
        assert len(kept) < 1200

    def test_runs_share_nothing(self, bench: Bench) -> None:
        bench.run("echo first > left; echo first > ~/left; exit 1")
        bench.run("ls . ~")
        assert "left" not in bench.lines

    def test_a_run_that_is_cancelled_ends(self, bench: Bench) -> None:
        commit(bench.repository, {"file.txt": "content"})
        request = bench.request("echo begun; sleep 100")

        async def body(by_task: bool) -> RunResult | None:
            cancel = asyncio.Event()
            running = asyncio.create_task(bench.backend.run(request, bench.events.append, cancel))
            while "begun" not in bench.lines:
                await asyncio.sleep(0.02)
            if not by_task:
                cancel.set()
                return await running
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            return None

        result = asyncio.run(body(by_task=False))
        assert result is not None
        assert result.outcome is Outcome.CANCELLED
        bench.events.clear()
        assert asyncio.run(body(by_task=True)) is None

    def test_limits_of_the_template_hold(self, bench: Bench) -> None:
        short = replace(bench.templates.template, limits=Limits(seconds=0.5))
        bench.use(short)
        assert bench.run("sleep 50").outcome is Outcome.TIMED_OUT

    def test_the_digest_is_of_what_matters(self, bench: Bench) -> None:
        async def digest(**options: object) -> str:
            return await bench.backend.environment_digest(bench.request("true", **options))

        one = asyncio.run(digest())
        assert one == asyncio.run(digest())
        assert one != asyncio.run(digest(environment=("A=1",)))
        assert one != asyncio.run(digest(setup="true"))
        assert one != asyncio.run(digest(network=True))
        bench.use(Template("other:1", setup="make"))
        assert one != asyncio.run(digest())
