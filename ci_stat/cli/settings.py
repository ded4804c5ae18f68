"""`ci-stat config` and `ci-stat completion`: their arguments and help texts."""

import click

from ci_stat.cli import options


@click.command("config")
@click.option(
    "--check", is_flag=True, help="Try the connections too, and check the values of all settings."
)
@click.option("--all", "show_all", is_flag=True, help="Also show what is not set, with defaults.")
@options.json_option
@options.work("settings")
def config() -> None:
    """Show what is set, by feature, and where each value came from. Secrets are never shown.

    \b
    Sources; a later one wins: defaults, the preset, env.json, environment variables
    CI_STAT_<KEY>, e.g. CI_STAT_PASSWORD. STAT_ENV_PATH names env.json or its folder; if it is
    not set, ci_stat/env.json in your configuration folder is used.

    \b
    --check ends with 3 if a database fails, 4 if only settings are invalid, 7 if a service fails.
    """


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@options.work("completion")
def completion() -> None:
    """Print the completion script of a shell.

    \b
    bash:  ci-stat completion bash > ~/.local/share/bash-completion/completions/ci-stat
    zsh:   ci-stat completion zsh > "${fpath[1]}/_ci-stat"
    fish:  ci-stat completion fish > ~/.config/fish/completions/ci-stat.fish
    """


COMMANDS = {"config": config, "completion": completion}
