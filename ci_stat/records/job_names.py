"""Names of jobs that are longer than the column `job` of a table.

Such a name is stored cut, with a hash, and in full in `description` under `JOB_KEY`. All outputs
show the full name, and filters take it.
"""

from hashlib import sha256

JOB_KEY = "ci_stat_job"
# Characters of `job` in our own table and in the original writer's. Other columns use the largest
# that fits, so that the stored forms of a name are known without its table.
_LENGTHS = (127, 100)
_HASH = 12  # hex digits


def stored_name(job: str, limit: int | None) -> str:
    """The name as a column of `limit` characters holds it; `limit`: None for any length."""
    if limit is None or len(job) <= limit:
        return job
    length = next((length for length in _LENGTHS if length <= limit), None)
    return job if length is None else _cut(job, length)


def stored_names(job: str) -> tuple[str, ...]:
    """All names under which tables may have the job."""
    return (job, *(_cut(job, length) for length in _LENGTHS if len(job) > length))


def full_name(stored: str, full: str | None) -> str:
    """The name of a stored one, given what `description` says; another job's name is ignored."""
    return full if full and stored in stored_names(full)[1:] else stored


def may_be_cut(stored: str) -> bool:
    """Whether a stored name looks like a cut one."""
    return len(stored) in _LENGTHS and stored[-_HASH - 2 : -_HASH] == " ~"


def _cut(job: str, length: int) -> str:
    digest = sha256(job.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
    return f"{job[: length - _HASH - 2]} ~{digest}"
