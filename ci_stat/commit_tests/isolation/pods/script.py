"""Shell text that runs inside the containers: it waits, runs the command and writes the marker.

The exit of the container and the marker have to agree. The runtime of containers states the first,
our script writes the second after the command has ended, so a command that dies with its shell or
takes the container down is no pass.
"""

import shlex

from ci_stat.commit_tests.isolation.pods.plan import HOME, MARKS, WORK, PodPlan

_WAIT = "until [ -e {marks}/{mark} ]; do sleep 0.1; done"
_OOM_FILES = "/sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control"
GO, DONE, EXIT, SCRIPT = "go", "done", "exit", "run"


def run_command() -> list[str]:
    """The command of the container `run`: the script is part of the files that it waits for."""
    wait = _WAIT.format(marks=MARKS, mark=GO)
    return ["sh", "-c", f"{wait}; exec sh {MARKS}/{SCRIPT}"]


def keep_command() -> list[str]:
    """The command of the container `keep`."""
    return ["sh", "-c", _WAIT.format(marks=MARKS, mark=DONE)]


def script(plan: PodPlan) -> str:
    """Return the script of a step. It holds the values of variables: it is no part of a pod."""
    variables = {"HOME": HOME, "CI": "true", **plan.environment}
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    lines = [
        f"mkdir -p {HOME}",
        f"cd {WORK} || exit 125",
        f"ulimit -f {max(1, plan.limits.file_bytes // 512)} 2>/dev/null",
        *exports,
        f"{_command(plan)} </dev/null 2>&1",
        "code=$?",
        f"oom=$(cat {_OOM_FILES} 2>/dev/null | sed -n 's/^oom_kill //p' | head -n 1)",
        f'printf \'%s %s %s\\n\' {plan.nonce} "$code" "${{oom:-0}}" > {MARKS}/{EXIT}',
        'exit "$code"',
    ]
    return "\n".join(lines) + "\n"


def _command(plan: PodPlan) -> str:
    words = ["sh", "-c", plan.command] if isinstance(plan.command, str) else plan.command
    return shlex.join(words)
