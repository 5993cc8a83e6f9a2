"""SMSAPI: delivery reports of smsapi.com and smsapi.pl, a GET with one to five of them.

Wire:  https://docs.smsapi.com/ (7, delivery confirmation);
       https://kipdf.com/smsapi-http-version-233_5ae9cbd27f8b9af00c8b45ae.html (2016)
Codes: the same, delivery statuses.  Read 2026-11-30.
Signed: nothing.
Times: `donedate`, Unix seconds.
Answer: 200 with the body `OK`.
Retries: until it gets `OK`; how often is not documented.

Every parameter is a list with a comma between its values, the first of each belonging together.
404 is delivered. 405 and 407 name an invalid number and a traveller in one breath: several count,
one is no proof.
"""

from collections.abc import Iterator

from dlr.providers.base import Answer, LooseText, ParsedReport, PayloadModel, Provider
from dlr.providers.times import read_unix
from dlr.wire.decode import UnreadableError


class Payload(PayloadModel):
    MsgId: str
    status: str
    to: LooseText = ""
    donedate: LooseText = ""
    idx: LooseText = ""
    points: LooseText = ""
    username: LooseText = ""


def parse(payload: Payload) -> Iterator[ParsedReport]:
    """A report for each value of the lists. Raises UnreadableError if ids and statuses differ."""
    ids = payload.MsgId.split(",")
    statuses = payload.status.split(",")
    if len(statuses) != len(ids):
        raise UnreadableError("MsgId and status have different numbers of values")
    others = [_values(text, len(ids)) for text in (payload.to, payload.donedate, payload.idx)]
    for message_id, status, to, done, idx in zip(ids, statuses, *others, strict=True):
        yield ParsedReport(
            message_id=message_id,
            words=(status,),
            recipient=to,
            occurred_at=read_unix(done),
            client_reference=idx,
        )


def _values(text: str, count: int) -> list[str]:
    """As many as there are reports; nothing for each of them if their number is another."""
    values = text.split(",")
    return values if len(values) == count else [""] * count


PROVIDER = Provider(
    title="SMSAPI",
    payload=Payload,
    methods=frozenset({"GET", "POST"}),
    parse=parse,
    answer=Answer(200, "OK"),
)
