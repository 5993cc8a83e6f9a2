"""The command `dlr`, also `python -m dlr_cli`."""

import importlib
import os
import sys

import click

from dlr_cli import __version__

COMMANDS = {
    "See": {
        "status": "Show alarms, and what waits for somebody.",
        "stats": "Show delivery rates, causes and latencies.",
        "messages": "Search messages, the newest first.",
        "message": "Show the state and the reports of one message.",
        "tail": "Watch reports as they come in.",
        "codes": "Show what each status and code of a provider means.",
    },
    "The suppression list": {
        "check": "Ask whether numbers may be sent to.",
        "suppress": "Put numbers on the suppression list by hand.",
        "lift": "Take numbers off the suppression list.",
        "import": "Put a file of numbers on the suppression list.",
        "held": "Settle what the mass-bounce guard holds.",
        "revert": "Take back what a provider's reports did in a time.",
    },
    "Files and what-if": {
        "export": "Write messages, numbers to clean or the list to files.",
        "backtest": "Count whom another policy would have suppressed.",
    },
    "People": {
        "person": "Show everything that is stored about a person.",
        "erase": "Erase a person.",
    },
    "Run the system": {
        "providers": "List the providers, show a webhook's address, send a test report.",
        "quarantine": "Look at requests that could not be read; replay them.",
        "redrive": "Send what waits in the failure queues on its way again.",
        "smoke": "Send one made-up message through every hop.",
        "tokens": "Make, list and revoke tokens.",
        "audit": "Show who did what.",
        "completion": "Print what lets a shell complete this command.",
    },
}
"""Each command and what it does, in sections. Its module in `dlr_cli.commands` has its name."""
WIDTH = 10
"""Of the longest name: one column for all sections."""


class Commands(click.Group):
    """The commands of the table; each module is imported when its command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the table's order."""
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of this command, and no other."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"dlr_cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Out of the table, so that help imports no command."""
        for title, section in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<{WIDTH}}", does) for name, does in section.items()])


@click.command(
    cls=Commands,
    options_metavar="",
    subcommand_metavar="COMMAND [OPTIONS] ...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(__version__)
def dlr() -> None:
    """Look after a system that takes in SMS delivery reports.

    `dlr COMMAND --help` explains a command. Begin with `dlr status`.

    \b
    A command takes the address and the token of the API from the first of
      --url and --token-file, --stack or --profile
      DLR_URL and DLR_TOKEN in the environment
      the default profile in ~/.config/dlr/config.toml
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
    """Runs the command and ends the process; a full disk is told in words, too."""
    _open_streams()
    try:
        dlr(prog_name="dlr")
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else type(error).__name__
        click.echo(f"Error: Something cannot be read or written ({why}).", err=True)
        sys.exit(1)


def _open_streams() -> None:
    """In place of streams that are closed, as by `<&-`. Data that nobody could read are no success.

    Their places are taken, so that no file or connection that is opened later gets them.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115
    is_closed = sys.stdout is None
    if is_closed:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    if is_closed:
        click.echo("Error: Standard output is closed. Nothing was done.", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
