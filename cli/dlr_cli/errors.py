"""How a command ends when it cannot do what it was asked for.

Click prints the message on standard error. A message never holds the token, an answer's body or a
phone number. Wrong usage is `click.UsageError`, exit status 2.
"""

import click


class CommandError(click.ClickException):
    """It failed."""

    exit_code = 1


class FailedCallError(CommandError):
    """The API could not answer this one call; others may still work."""


class WrongCallError(FailedCallError):
    """The API does not take what was given: an unknown word, a time or a number that is none."""

    exit_code = 2


class UnansweredError(FailedCallError):
    """The API did not get it done, at any attempt: a smaller call may work."""


class NotFoundError(CommandError):
    """What was named does not exist."""

    exit_code = 3


class RefusedError(CommandError):
    """The token, or the AWS credentials, do not allow it."""

    exit_code = 4
