"""Who may read the settings file."""

import shlex
import stat
from pathlib import Path

from ci_stat.config.settings import Settings


def readable_by_all(file: Path, in_file: Settings) -> str:
    """Return a warning if the file has secrets and everybody may read it, else "".

    `in_file`: the settings of the file alone.
    """
    try:
        mode = file.stat().st_mode
    except OSError:
        return ""
    if not mode & stat.S_IROTH or not in_file.secrets():
        return ""
    return (
        f"{file} contains secrets, and every user of this computer can read it."
        f" Run: chmod 600 {shlex.quote(str(file))}"
    )
