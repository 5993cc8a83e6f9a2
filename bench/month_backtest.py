"""A backtest of a made-up month by API, queue and worker, in a process of its own.

Run by `bench.month` under the functions' environment, on a lake and a table that are filled; JSON
comes out: for each format the job as the API shows it in the end, and what it took.
"""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import urllib3

from bench import handlers
from bench.made_up_month import SEED, MadeUpNames
from bench.memory import peak_mb
from dlr.access.authorize import ADMIN_PREFIX
from dlr.access.scopes import Caller, Scope
from dlr.causes import Policy
from dlr.exports.job import Format, Kind
from local.http_event import http_event

ASKER = Caller("bench", frozenset({Scope.READ, Scope.PII}), token_id=f"{ADMIN_PREFIX}bench")


def main() -> Any:
    """Asks for each format, works until the queue is empty, fetches the file."""
    start, end, folder = sys.argv[1:]
    api, export = handlers.load("api"), handlers.load("export")
    _name_as_the_month_does(export)
    imported = peak_mb()
    content = {"policy": Policy.PROVIDER, "from": start, "to": end, "numbers": True}
    jobs = {}
    for form in Format:
        began = time.monotonic()
        asked = _call(api, "POST", "/backtests", {**content, "format": form})
        for event in _steps(export.queue):
            if export.handler(event, handlers.Context())["batchItemFailures"]:
                raise RuntimeError("a step of the backtest failed")
        job = _call(api, "GET", "/exports/{id}", id=asked["id"])
        took_s = time.monotonic() - began
        file = Path(folder) / f"backtest.{form}"
        file.parent.mkdir(parents=True, exist_ok=True)
        (link,) = job["links"]
        file.write_bytes(_fetched(link))
        jobs[form] = {**job, "file": str(file), "s": took_s, "peak_mb": peak_mb()}
    return {"imported_mb": imported, "jobs": jobs}


def _name_as_the_month_does(export: Any) -> None:
    """The month's messages have names in the lake that were made without the lake's key."""
    makers = export.work.makers
    items = type(export.items)(export.dynamodb, export.reports_table, MadeUpNames(SEED))
    makers[Kind.BACKTEST] = replace(makers[Kind.BACKTEST], items=items)


def _call(api: Any, method: str, route: str, content: Any = None, **names: str) -> Any:
    """The answer of the API's function, which keeps its log lines to itself."""
    event = http_event(
        method,
        route.format(**names),
        headers={"content-type": "application/json"},
        body=b"" if content is None else json.dumps(content).encode(),
        route=f"{method} {route}",
        caller=ASKER.to_context(),
    )
    answer = api.handler(event, handlers.Context())
    if answer["statusCode"] not in {200, 202}:
        raise RuntimeError(f"{route} answered {answer['statusCode']}: {answer['body'][:300]}")
    return json.loads(answer["body"])


def _steps(queue: str) -> Iterator[Any]:
    """What waits in the queue, as Lambda is called with it, until nothing is left."""
    sqs = boto3.client("sqs")
    while messages := sqs.receive_message(
        QueueUrl=queue, VisibilityTimeout=3600, WaitTimeSeconds=1
    ).get("Messages"):
        (message,) = messages
        record = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": {"ApproximateReceiveCount": "1"},
            "eventSource": "aws:sqs",
        }
        yield {"Records": [record]}
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def _fetched(link: str) -> bytes:
    answer = urllib3.request("GET", link, retries=False)
    if answer.status != 200:
        raise RuntimeError(f"the link answered {answer.status}")
    return answer.data


if __name__ == "__main__":
    stdout, sys.stdout = sys.stdout, sys.stderr  # the functions' log lines
    print(json.dumps(main()), file=stdout)
