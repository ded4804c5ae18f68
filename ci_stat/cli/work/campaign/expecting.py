"""The expected jobs of a campaign that names none: learnt, shown, and confirmed."""

import sys
from dataclasses import replace

import click

from ci_stat.campaigns.forge import Forge
from ci_stat.campaigns.learning import Learnt, learn
from ci_stat.campaigns.model import Spec
from ci_stat.campaigns.setup import CampaignsSetup
from ci_stat.campaigns.views.learnt import source_words
from ci_stat.errors import CannotTell, Refused, SettingsError, UsageError
from ci_stat.escape import visible

_NAME = 200  # characters


def forge_to_learn(setup: CampaignsSetup, spec: Spec) -> Forge:
    """The forge to learn from. Raises UsageError without a token."""
    try:
        return setup.forge(spec.fork)
    except SettingsError as error:
        raise UsageError(
            "The campaign names no jobs, and without a token none can be learnt.",
            f"Name them in `contexts`. To learn them: {error.message} {error.hint}".strip(),
        ) from None


def confirmed(setup: CampaignsSetup, spec: Spec, agrees: bool) -> Spec:
    """The campaign with the jobs that were learnt, after a person agreed to them.

    `agrees`: to whatever is learnt. Raises CannotTell if none is, Refused if the person does not
    agree, and UsageError if nobody can be asked.
    """
    if spec.contexts:
        return spec
    learnt = learn(spec, forge_to_learn(setup, spec))
    if not learnt.contexts:
        raise CannotTell(
            f"The campaign names no jobs, and none was learnt. {source_words(learnt)}",
            "Name the statuses or check runs that decide in `contexts`.",
        )
    _print(learnt)
    if not agrees:
        _ask(learnt)
    return replace(spec, contexts=learnt.contexts)


def _print(learnt: Learnt) -> None:
    """What was learnt, on stderr."""
    click.echo(f"ci-stat: {source_words(learnt)}", err=True)
    for name in learnt.contexts:
        click.echo(f"  expected: {visible(name, _NAME)}", err=True)
    for one in learnt.left_out:
        click.echo(f"  ignored:  {visible(one.name, _NAME)} ({one.why})", err=True)


def _ask(learnt: Learnt) -> None:
    is_watched = sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
    names = ", ".join(f'"{name}"' for name in learnt.contexts)
    if not is_watched:
        raise UsageError(
            "The campaign names no jobs, and nobody is here to confirm those that were learnt.",
            "Write them into `contexts`, or add --yes.",
        )
    jobs = "this job" if len(learnt.contexts) == 1 else f"these {len(learnt.contexts):,} jobs"
    if not click.confirm(f"Must {jobs} pass?", err=True):
        hint = f"Write those that must pass: contexts = [{visible(names, 1_000)}]"
        raise Refused("Nothing was written.", hint)
