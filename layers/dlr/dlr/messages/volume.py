"""How many reports were stored, counted in the table's stream."""

from collections import Counter
from collections.abc import Iterable

from dlr.messages.event import Record
from dlr.messages.item import is_redacted, version_of


def stored_in(records: Iterable[Record]) -> Counter[str]:
    """`New`: reports that became their message's state. `Stale`: those that its state outranks.

    A record of a deleted or redacted message stores no report. A known report that names the
    recipient at last counts as stale.
    """
    counts: Counter[str] = Counter()
    for record in records:
        new, old = record["dynamodb"].get("NewImage"), record["dynamodb"].get("OldImage")
        if new is None or is_redacted(new):
            continue
        if old is not None and not is_redacted(old) and version_of(old) == version_of(new):
            continue
        is_new = old is None or old.get("state") != new["state"]
        counts["New" if is_new else "Stale"] += 1
    return counts
