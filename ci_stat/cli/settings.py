"""`ci-stat config` and `ci-stat completion`: their arguments and help texts."""

import click

from ci_stat.cli import options


@click.command("config")
@click.option("--check", is_flag=True, help="Try the connections too; exit code 3 if one fails.")
@options.json_option
@options.work("settings")
def config() -> None:
    """Show the effective settings and where each value came from. Secrets are never shown.

    \b
    Sources; a later one wins: defaults, env.json at STAT_ENV_PATH (the file or its folder),
    environment variables CI_STAT_<KEY>, e.g. CI_STAT_PASSWORD.
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
