"""The command `dlr`, also `python -m dlr_cli`."""

import importlib
import pkgutil

import click

from dlr_cli import __version__, commands


class Commands(click.Group):
    """Each module of `dlr_cli.commands` is a command of its own name, found in its `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In alphabetical order."""
        return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module when its command is asked for, and no other."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{commands.__name__}.{cmd_name}")
        command: click.Command = module.command
        return command


@click.command(cls=Commands)
@click.version_option(__version__)
def dlr() -> None:
    """Look after a system that takes in SMS delivery reports.

    \b
    A command takes the address and the token of the API from the first of
      --url and --token, or --stack
      DLR_URL and DLR_TOKEN in the environment
      .local/outputs.json, which is there while `make run` runs

    Data go to standard output, messages and progress to standard error. With --json the data are
    JSON, one object a line. NO_COLOR=1 turns colours off.

    \b
    Exit status:
      0  done
      1  failed, in whole or in part
      2  wrong usage
      3  not found
      4  refused: the token or the AWS credentials do not allow it
    """


def main() -> None:
    """Runs the command and ends the process."""
    dlr(prog_name="dlr")


if __name__ == "__main__":
    main()
