"""`dlr message`: one message, with every report of it."""

import sys
from urllib.parse import quote

import click

from dlr_cli.api import Api, Item, as_item
from dlr_cli.errors import NotFoundError
from dlr_cli.options import prints_data, uses_api
from dlr_cli.output import Output, lines_of, word_of

REPORT = ("provider_status", "provider_code", "provider_text", "cause", "occurred_at")


@click.command(name="message")
@click.argument("provider")
@click.argument("message_id", metavar="MESSAGE_ID")
@click.option(
    "--of-number",
    is_flag=True,
    help="Ask for the recipient's number, or read it from standard input: where a provider gives "
    "several recipients' messages one id. Needs scope pii.",
)
@prints_data
@uses_api
def command(api: Api, output: Output, provider: str, message_id: str, of_number: bool) -> None:
    """Show the state and the reports of one message.

    \b
    dlr message smsmode f1d2d2f9-24e9
    """
    if of_number:
        message = _of_person(api, provider, message_id)
    else:
        path = f"/messages/{quote(provider, safe='')}"
        message = api.get(path, {"message_id": message_id})
    output.item(message, api.understood(lambda: _text_of(message)))


def _of_person(api: Api, provider: str, message_id: str) -> Item:
    """By what is stored about the person: so the number is in no address."""
    is_asked = sys.stdin.isatty()
    number = click.prompt("Number", err=True) if is_asked else sys.stdin.readline().strip()
    person = api.call(
        "POST", "/people/lookup", as_item, {"number": str(number)}, is_repeatable=True
    )
    for each in person.get("messages") or ():
        if (each.get("provider"), each.get("message_id")) == (provider, message_id):
            return as_item(each)
    raise NotFoundError("No such message of this person is kept (any more).")


def _text_of(message: Item) -> str:
    """Its state field by field, then a line for each report."""
    state = {name: value for name, value in message.items() if name != "history"}
    lines = [lines_of(state), "", "reports"]
    for report in message["history"]:
        told = " ".join(word_of(report[name]) for name in REPORT if report.get(name))
        lines.append(f"  {word_of(report['received_at'])}  {word_of(report['status'])}  {told}")
    return "\n".join(lines)
