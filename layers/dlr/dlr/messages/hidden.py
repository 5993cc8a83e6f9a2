"""Takes numbers out of what a provider wrote, for all who see none and all that keeps none.

The one way: the lake, the suppression list, the live tail and the answers without scope `pii`.
"""

from dlr.phone import holds_number
from dlr.report import DeliveryReport

FEWEST_DIGITS = 7
"""Of what could be a phone number."""


def without_number(text: str | None, report: DeliveryReport) -> str | None:
    """A code, a word, a network, a sender: None where the recipient's number stands in it, or what
    could be anybody's.
    """
    if text is None or holds_number(text):
        return None
    return id_without_number(text, report)


def id_without_number(text: str | None, report: DeliveryReport) -> str | None:
    """An id, which may have many digits: None where the recipient's number stands in it.

    Of a recipient that could not be read the digits of the provider's own text count.
    """
    number = report.recipient or "".join(filter(str.isdigit, report.provider_recipient or ""))
    if text is None or len(number) < FEWEST_DIGITS:
        return text
    return None if holds_number(text, number) else text
