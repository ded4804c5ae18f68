"""The lines with which a case fails in a log: one block of plain lines for each style of case.

The formats of ci-data A5: gocheck, go testing, panics with goroutines, the race detector, leaktest,
Rust, the SQL testers, Maven. All content is invented. Knows no time stamps and no Jenkins.
"""

from collections.abc import Callable
from random import Random
from zlib import crc32

from ci_stat.demo.cases import Case

DASHES = "-" * 70  # printed by gocheck above every problem
_WORKSPACE = "/home/jenkins/agent/workspace/demo/go/src"

# (statement, output of gocheck). Only `{a}` and `{b}` differ between runs, so that equal failures
# are equal after numbers are masked.
_CHECKS = (
    (
        "c.Assert(err, IsNil)",
        ('... value *errors.fundamental = [demo:{a}]region {b} is busy ("region is busy")',),
    ),
    ("c.Assert(len(rows), Equals, want)", ("... obtained int = {a}", "... expected int = {b}")),
    ("c.Assert(ok, IsTrue)", ("... obtained bool = false",)),
    (
        'tk.MustQuery("select a, b from demo order by a").Check(testkit.Rows("1 {a}"))',
        (
            '... obtained string = "[1 {b}]"',
            '... expected string = "[1 {a}]"',
            "... sql:select a, b from demo order by a, args:[]",
        ),
    ),
    (
        "c.Assert(time.Since(begin), Less, limit)",
        (
            "... compare time.Duration = {a}ms",
            "... with time.Duration = {b}ms",
            "... Error: lease expired",
        ),
    ),
)
_SQL = "SELECT `col_int` + `col_decimal` AS field1 FROM `table10_demo`;"
_NIL_PANIC = "runtime error: invalid memory address or nil pointer dereference"
_METHODS = (
    *("SpillBuffer.grow", "Worker.fetchChunk", "Worker.run", "Pool.dispatch"),
    *("Session.execute", "Conn.handleQuery", "Server.onConn"),
)


def _pick(case: Case, choices: int) -> int:
    """Return a number below `choices` that is the same for the case in every run."""
    return crc32(case.name.encode()) % choices


def gocheck(case: Case, rng: Random, label: str = "FAIL") -> list[str]:
    """Return the block: empty line, dashes, `FAIL: file:line: Suite.Test`, the log of the case."""
    head = ["", DASHES, f"{label}: {case.file}:{case.line}: {case.name}", ""]
    if label == "PANIC":
        return [*head, *_gocheck_panic(case, rng)]

    statement, output = _CHECKS[_pick(case, len(_CHECKS))]
    numbers = {"a": rng.randrange(500, 5_000), "b": rng.randrange(2, 400)}
    lines = [line.format(**numbers) for line in output]
    line_number = case.line + 7 + _pick(case, 20)
    return [*head, f"{case.file}:{line_number}:", f"    {statement.format(**numbers)}", *lines, ""]


def _gocheck_panic(case: Case, rng: Random) -> list[str]:
    lines = [f"... Panic: {_NIL_PANIC} (PC=0x{rng.randrange(0x100000, 0x2000000):X})", ""]
    for function, file, line in _frames(case)[:5]:
        lines += [f"{_WORKSPACE}/{file}:{line}", f"  in {function}"]
    return [*lines, ""]


def _frames(case: Case) -> list[tuple[str, str, int]]:
    """Return (function, file, line) of the frames of a stack; the same for a case in every run."""
    package = case.package.rpartition("/")[2] or "demo"
    frames = []
    for index, qualified in enumerate(_METHODS):
        name, _, method = qualified.partition(".")
        line = 60 + 13 * index + _pick(case, 40)
        frames.append((f"{package}.(*{name}).{method}", f"{case.package}/{name.lower()}.go", line))
    return frames


def _goroutines(case: Case, rng: Random, number: int) -> list[str]:
    lines = []
    for _ in range(number):
        lines.append(f"goroutine {rng.randrange(20, 9_000)} [running]:")
        for function, file, line in _frames(case)[: rng.randint(3, 7)]:
            arguments = f"0xc{rng.getrandbits(36):09x}, 0x{rng.randrange(1, 99):x}"
            lines.append(f"{case.package}.{function}({arguments})")
            lines.append(f"\t{_WORKSPACE}/{file}:{line} +0x{rng.randrange(16, 4096):x}")
        lines.append("")
    return lines


def _panic(case: Case, rng: Random) -> list[str]:
    counter = f"pc=0x{rng.randrange(0x100000, 0x2000000):x}"
    return [
        case.name,
        f"[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 {counter}]",
        "",
        *_goroutines(case, rng, rng.randint(1, 6)),
        f"FAIL\t{case.package}\t91.305s",
    ]


def _timeout(case: Case, rng: Random) -> list[str]:
    result = f"FAIL\t{case.package}\t600.094s"
    return [case.name, "", *_goroutines(case, rng, rng.randint(4, 14)), result]


def _race(case: Case, rng: Random) -> list[str]:
    function = case.name.partition("DATA RACE:")[2]
    address = f"0x00c{rng.getrandbits(36):09x}"
    return [
        "==================",
        "WARNING: DATA RACE",
        f"Write at {address} by goroutine {rng.randrange(20, 900)}:",
        f"  {function}",
        f"      {_WORKSPACE}/{case.package}/tracker.go:88 +0x4e",
        "",
        f"Previous read at {address} by goroutine {rng.randrange(20, 900)}:",
        "  github.com/pingcap/tidb/util/memtrack.(*Tracker).String()",
        f"      {_WORKSPACE}/{case.package}/tracker.go:131 +0x3a",
        "==================",
    ]


def _leak(case: Case, rng: Random) -> list[str]:
    message = case.name.partition("leaktest.go:")[2]
    return [
        "--- FAIL: TestT (38.27s)",
        f"    leaktest.go:143: {message}(0xc{rng.getrandbits(36):09x})",
        f"        \t{_WORKSPACE}/{case.package}/watch.go:72 +0x1c5",
    ]


def _gotest(case: Case, rng: Random) -> list[str]:
    return [
        f"=== RUN   {case.name}",
        f"=== RUN   {case.name}/with_deadline",
        "    promise_test.go:41: ",
        f"        \tError Trace:\t{_WORKSPACE}/{case.package}/promise_test.go:41",
        "        \tError:      \tNot equal: ",
        f"        \t            \texpected: {rng.randrange(2, 90)}",
        f"        \t            \tactual  : {rng.randrange(100, 190)}",
        f"        \tTest:       \t{case.name}/with_deadline",
        "        \tMessages:   \tthe promise must resolve once",
        f"--- FAIL: {case.name} (0.{rng.randrange(10, 99)}s)",
        f"    --- FAIL: {case.name}/with_deadline (0.0{rng.randrange(1, 9)}s)",
    ]


def _rust(case: Case, rng: Random) -> list[str]:
    passed = rng.randrange(280, 900)
    return [
        f"running {passed + 1} tests",
        "test storage::demo::test_seek_reverse ... ok",
        f"test {case.name} ... FAILED",
        "",
        "failures:",
        "",
        f"---- {case.name} stdout ----",
        f"thread '{case.name}' panicked at 'assertion failed: `(left == right)`",
        f"  left: `{rng.randrange(1, 90)}`,",
        f" right: `{rng.randrange(100, 190)}`', "
        f"tests/demo/{case.name.split('::')[-2]}.rs:{80 + _pick(case, 400)}:9",
        "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
        "",
        "",
        "failures:",
        f"    {case.name}",
        "",
        f"test result: \x1b[31mFAILED\x1b[0m. {passed} passed; 1 failed; 3 ignored; "
        "0 measured; 0 filtered out",
    ]


def _core(case: Case, rng: Random) -> list[str]:  # noqa: ARG001  # one signature
    return [
        f"(signal: 11, SIGSEGV: invalid memory reference) in process {rng.randrange(800, 32_000)}",
        "+ ls core.*",
        "there is a core dumped, which should not happen",
    ]


def _sqlfile(case: Case, rng: Random) -> list[str]:
    return [
        "Test fail: Outputs are not matching.",
        f"Test case: {case.name}",
        f"Statement: #{rng.randrange(20, 900)} -  {_SQL}",
        "NoPushDown Output: ",
        "field1",
        str(rng.randrange(10, 999)),
        "WithPushDown Output: ",
        "field1",
        "NULL",
    ]


def _sqlrun(case: Case, rng: Random) -> list[str]:
    test, _, statement = case.name[1:].partition("]:")
    line = rng.randrange(20, 900)
    needed, actual = f"{statement}\\na\\n5\\n", f"{statement}\\na\\n"
    error = f'run \\"{statement}\\" at line {line} err, we need:\\n{needed}\\nbut got:\\n{actual}'
    return [
        f"./t/{test}.test: running",
        f'time="2021-06-07T00:00:00+08:00" level=fatal '
        f'msg="run test [{test}] err: sql:{statement}: {error}"',
    ]


def _mybatis(case: Case, rng: Random) -> list[str]:
    return [
        "[ERROR] Tests run: 4, Failures: 0, Errors: 1, Skipped: 0, "
        "Time elapsed: 0.482 s <<< FAILURE!",
        f"[ERROR] shouldFindBooksOnShelf({case.package}.ShelfTest)  "
        f"Time elapsed: 0.0{rng.randrange(10, 99)} s",
        "org.apache.ibatis.exceptions.PersistenceException: ",
        case.name,
        "### The error may exist in demo/bookshop/Mapper.xml",
        "\tat org.apache.ibatis.exceptions.ExceptionFactory.wrapException"
        "(ExceptionFactory.java:30)",
        f"\tat {case.package}.ShelfTest.shouldFindBooksOnShelf(ShelfTest.java:58)",
    ]


_STYLES: dict[str, Callable[[Case, Random], list[str]]] = {
    "gocheck": gocheck,
    "gotest": _gotest,
    "panic": _panic,
    "timeout": _timeout,
    "race": _race,
    "leak": _leak,
    "rust": _rust,
    "core": _core,
    "sqlfile": _sqlfile,
    "sqlrun": _sqlrun,
    "mybatis": _mybatis,
}


def block(case: Case, rng: Random) -> list[str]:
    """Return the lines with which `case` fails; only numbers and addresses come from `rng`."""
    if case.style == "text":
        return [case.name]
    return _STYLES[case.style](case, rng)
