"""How good a delivery rate is, and what to do about it.

BulkSMSRates' bands: over 95 per cent excellent, 90 to 95 good, 80 to 90 fair, under 80 poor.
https://bulksmsrates.com/ "Interpreting Delivery Rates", read 2026-11-22
"""

from typing import NamedTuple


class Band(NamedTuple):
    """A name and an advice."""

    name: str
    advice: str


EXCELLENT = Band("excellent", "A healthy list of numbers.")
GOOD = Band("good", "Some invalid numbers: clean your list.")
FAIR = Band("fair", "Many invalid or inactive numbers: look them up (HLR) and clean your list.")
POOR = Band(
    "poor", "Probably an old or bought list, or a bad route: stop sending until it is cleaned."
)


def band_of(delivered: int, final: int) -> Band | None:
    """Of the rate delivered ÷ final, to the letter at the borders; None without a final message."""
    if final == 0:
        return None
    if 100 * delivered > 95 * final:
        return EXCELLENT
    if 100 * delivered >= 90 * final:
        return GOOD
    return FAIR if 100 * delivered >= 80 * final else POOR
