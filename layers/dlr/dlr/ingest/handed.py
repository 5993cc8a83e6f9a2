"""Reports that AWS itself hands to the function, as requests: of a queue, a topic, logs, a rule."""

import json
import zlib
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from dlr.wire.request import Request

MAX_LOGS_BYTES = 16 * 1024 * 1024
"""Of the logs in one call, unpacked. CloudWatch Logs sends 1 MB at most, packed."""
_GZIP = 16 + zlib.MAX_WBITS


def requests_of(event: Mapping[str, Any]) -> Iterator[tuple[str, Request]]:
    """One request for each message, to the byte, with its id if it comes from a queue.

    Raises KeyError or ValueError for an event of another service.
    """
    for name, text in _texts(event):
        yield name, Request("POST", body=text.encode("utf-8", "surrogatepass"))


def _texts(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "awslogs" in event:
        logs = _unpacked(event["awslogs"]["data"])
        if logs["messageType"] == "DATA_MESSAGE":  # the other kind asks whether anybody is there
            yield from (("", line["message"]) for line in logs["logEvents"])
        return
    for record in event.get("Records", ()):
        message = record["body"] if "body" in record else json.dumps(record["Sns"])
        yield record.get("messageId", ""), message
    if "Records" not in event:
        yield "", json.dumps(event)


def _unpacked(data: str) -> Any:
    """What CloudWatch Logs sends: JSON in gzip in base64."""
    unpack = zlib.decompressobj(_GZIP)
    content = unpack.decompress(b64decode(data), MAX_LOGS_BYTES)
    if unpack.unconsumed_tail:
        raise ValueError("too many logs at once")
    return json.loads(content)
