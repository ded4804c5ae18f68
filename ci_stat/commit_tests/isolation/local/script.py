"""Shell text that runs inside the sandbox: it runs the command, and writes the marker."""

import shlex
from collections.abc import Mapping

from ci_stat.commit_tests.isolation.local.sandbox import HOME, WORK
from ci_stat.commit_tests.model import Command, Limits

EXIT, SCRIPT = "exit", "run"


def script(
    command: Command,
    variables: Mapping[str, str],
    limits: Limits,
    nonce: str,
    marks: str,
    work: str = WORK,
    home: str = HOME,
) -> str:
    """Return the script. `marks`, `work`, `home`: the folders as the command sees them."""
    values = {"HOME": home, "CI": "true", "LANG": "C.UTF-8", **variables}
    exports = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    lines = [
        f"cd {shlex.quote(work)} || exit 125",
        f"ulimit -c 0; ulimit -f {max(1, limits.file_bytes // 512)}",
        f"ulimit -u {limits.processes} 2>/dev/null || ulimit -p {limits.processes} 2>/dev/null",
        *exports,
        words(command),
        "code=$?",
        f"printf '%s %s 0\\n' {nonce} \"$code\" > {shlex.quote(marks)}/{EXIT}",
        'exit "$code"',
    ]
    return "\n".join(lines) + "\n"


def words(command: Command) -> str:
    """The command as one line of shell: its words are text, whatever they contain."""
    argv = ("sh", "-c", command) if isinstance(command, str) else command
    return shlex.join(argv)
