"""`dlr completion`: what lets a shell complete this command."""

import click

SHELLS = ("bash", "zsh", "fish")


@click.command(name="completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print what lets a shell complete this command.

    \b
    dlr completion bash > ~/.local/share/bash-completion/completions/dlr
    dlr completion zsh > ~/.zfunc/_dlr
    dlr completion fish > ~/.config/fish/completions/dlr.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None  # noqa: S101  # each of SHELLS has one
    root = context.find_root().command
    click.echo(found(root, {}, "dlr", "_DLR_COMPLETE").source())
