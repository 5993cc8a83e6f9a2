"""`make sam-local`: the built template under real `sam local`, every recorded request, every hop.

The functions run in containers; their tables, their bus and their queues are the embedded AWS's.
This module does what AWS does between the functions: it passes the stream's records to Publish and
to Lake, calls Merge as the schedule does, and passes the queue's messages to Suppress.
"""

import json
import socket
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dlr.access.scopes import Caller, Scope
from dlr.lake.manifest import Manifest
from dlr.lake.reader import LakeReader
from dlr.lake.segment import Segments
from dlr.messages.item import history_of, state_of
from local.client import Client
from local.cloud import LOCALHOST, Cloud, free_port
from local.engine import Engine
from local.http_event import http_event
from local.lambda_events import POISON, queued, stream_records
from local.recordings import recordings, sendable
from local.runtime_image import runtime_image
from local.sam import BUILT, TIMEOUT_S, SamLocal, build, for_sam_local
from local.stack import ROOT, Deployment, deploy, describe
from local.timed import timed

CHECKER = Caller("sam local", frozenset({Scope.CHECK})).to_context()
"""What the authorizer would say of who asks for a number."""


def sam_local() -> bool:
    """Whether all went as expected."""
    with timed("sam build"):
        build()
    (ROOT / ".local").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, Engine(ROOT / ".local") as engine:
        folder = Path(name)
        print(f"Container engine: {'our own' if engine.is_own else engine.host}")
        with timed("runtime image"):
            image = runtime_image(engine, BUILT)
        host, seen_from_container = _meeting_point(engine)
        with Cloud(free_port(), folder, host, seen_from_container) as cloud:
            with timed("tables, queues and bus on the embedded AWS"):
                deploy(cloud)
                deployment = describe(cloud)
                _stop_feeding_functions(cloud)
            aws_url = f"http://{seen_from_container}:{cloud.port}"
            port = free_port()
            api_url = f"http://{LOCALHOST}:{port}"
            variables = _variables(cloud, deployment, aws_url, api_url)
            functions = SamLocal(engine.host, image, for_sam_local(), variables, folder)
            with functions.api(port):
                problems = list(_check(cloud, _behind(api_url, deployment), functions))
    for problem in problems:
        print(f"NOT AS EXPECTED: {problem}")
    print(f"{len(recordings())} requests, {len(problems)} surprises, on image {image}.")
    return not problems


def _stop_feeding_functions(cloud: Cloud) -> None:
    """Disconnect Publish and Suppress from the stream and the queue."""
    functions = cloud.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.delete_event_source_mapping(UUID=mapping["UUID"])


def _meeting_point(engine: Engine) -> tuple[str, str]:
    """Where the embedded AWS listens, and what containers call that address.

    With an engine on this very system that is the address on the containers' bridge: containers
    reach it, and so does this machine, but no network interface has it. An engine in a virtual
    machine, such as Docker Desktop, leads containers to this machine's 127.0.0.1.
    """
    gateway = engine.gateway()
    with socket.socket() as probe:
        try:
            probe.bind((gateway, 0))
        except OSError:
            return LOCALHOST, "host.docker.internal"
    return gateway, gateway


def _variables(
    cloud: Cloud, deployment: Deployment, aws_url: str, api_url: str
) -> dict[str, dict[str, str]]:
    """Each function's environment as deployed, but for where AWS and where the API is."""
    functions = cloud.client("lambda")
    known = {each["FunctionName"]: each for each in functions.list_functions()["Functions"]}
    places = {"AWS_ENDPOINT_URL": aws_url, "PUBLIC_URL": api_url}
    return {
        logical: known[physical]["Environment"]["Variables"] | places
        for logical, physical in deployment.resources.items()
        if physical in known
    }


def _check(cloud: Cloud, deployment: Deployment, functions: SamLocal) -> Iterator[str]:
    client = Client(deployment, TIMEOUT_S)
    with timed("every recorded request through sam local start-api"):
        yield from _post_everything(client)
        yield from _post_with_a_wrong_token(client, deployment)
    yield from _check_tables(cloud, deployment)
    with timed("sam local invoke Lake, Merge"):
        yield from _fill_the_lake(cloud, deployment, functions)
    with timed("sam local invoke Publish, Suppress, Api"):
        yield from _invoke_the_others(cloud, deployment, functions)
    with timed("the list through sam local start-api and the authorizer"):
        yield from _ask_for_the_dead(client)
        yield from _ask_with_a_wrong_token(deployment)


def _behind(url: str, deployment: Deployment) -> Deployment:
    """The same deployment with its API at another address."""
    return replace(
        deployment,
        base_url=url,
        webhooks={
            provider: webhook.replace(deployment.base_url, url)
            for provider, webhook in deployment.webhooks.items()
        },
    )


def _post_everything(client: Client) -> Iterator[str]:
    for recording in sendable():
        status = client.deliver(recording.provider, recording.request)
        if status != recording.status:
            yield f"{recording.id}: HTTP {status} instead of {recording.status}"


def _check_tables(cloud: Cloud, deployment: Deployment) -> Iterator[str]:
    """Whether the tables hold what the requests said."""
    dynamodb = cloud.client("dynamodb")
    names = deployment.resources
    stored = [
        report.model_dump(mode="json")
        for item in _items(dynamodb, names["ReportsTable"])
        for report in history_of(item)
    ]
    for recording in recordings():
        for expected in recording.reports:
            wanted = {**expected, "provider": recording.provider}.items()
            if not any(wanted <= report.items() for report in stored):
                yield f"{recording.id}: {expected['message_id']} was not stored as expected"
    unreadable = sum(recording.status == 400 for recording in recordings())
    kept = sum("body" in item for item in _items(dynamodb, names["QuarantineTable"]))
    if kept < unreadable:
        yield f"{kept} requests in quarantine instead of {unreadable} or more"


def _items(dynamodb: Any, table: str) -> Iterator[Mapping[str, Any]]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        yield from page["Items"]


def _fill_the_lake(cloud: Cloud, deployment: Deployment, functions: SamLocal) -> Iterator[str]:
    """Lake with the stream's records, then Merge; whether the rows are the table's messages."""
    names = deployment.resources
    records = stream_records(cloud, names["ReportsTable"])
    answer = functions.invoke("Lake", {"Records": records})
    if answer != {"batchItemFailures": []}:
        yield f"Lake answers {answer} to {len(records)} records"
    answer = functions.invoke("Merge", {})
    if answer.keys() != {"segments"}:
        yield f"Merge answers {answer}"
    if list(Segments(cloud.client("s3"), names["LakeBucket"]).waiting()):
        yield "Merge has left segments"
    states = [state_of(item) for item in _items(cloud.client("dynamodb"), names["ReportsTable"])]
    stored = Counter((each.provider, each.message_id, each.status.value) for each in states)
    if (rows := _rows(cloud, names)) != stored:
        yield f"The lake has {rows.total()} rows and differs from {stored.total()} messages"


def _rows(cloud: Cloud, names: Mapping[str, str]) -> Counter[tuple[str, str, str]]:
    """Every message of the lake."""
    manifest = Manifest(cloud.client("dynamodb"), names["DeskTable"])
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        reader = LakeReader(cloud.client("s3"), names["LakeBucket"], manifest, Path(folder))
        with reader.open(now - timedelta(days=1), now + timedelta(hours=1)) as snapshot:
            found = snapshot.db.execute("SELECT provider, message_id, status FROM messages")
            return Counter(found.fetchall())


def _invoke_the_others(cloud: Cloud, deployment: Deployment, functions: SamLocal) -> Iterator[str]:
    """Publish with the stream's records, Suppress with the queue's messages, Api with a request."""
    records = stream_records(cloud, deployment.resources["ReportsTable"])
    answer = functions.invoke("Publish", {"Records": records})
    if answer != {"batchItemFailures": []}:
        yield f"Publish answers {answer} to {len(records)} records"
    messages = queued(cloud, deployment.resources["SuppressQueue"])
    answer = functions.invoke("Suppress", {"Records": [*messages, POISON]})
    if answer != {"batchItemFailures": [{"itemIdentifier": "poison"}]}:
        yield f"Suppress answers {answer} to {len(messages)} messages and a poisoned one"
    number = next(number for each in recordings() for number in each.suppressed_numbers)
    route = "GET /suppressions/{number}"
    answer = functions.invoke(
        "Api", http_event("GET", f"/suppressions/{number}", route=route, caller=CHECKER)
    )
    if answer.get("statusCode") != 200 or not json.loads(answer["body"])["suppressed"]:
        yield f"Api answers {answer} for a dead number"


def _ask_for_the_dead(client: Client) -> Iterator[str]:
    """Through the API and its authorizer."""
    for recording in recordings():
        for number in recording.suppressed_numbers:
            if not client.suppression(number).get("suppressed"):
                yield f"{recording.id}: the number is not on the suppression list"


def _post_with_a_wrong_token(client: Client, deployment: Deployment) -> Iterator[str]:
    for provider, webhook in deployment.webhooks.items():
        if (status := client.post(f"{webhook.rpartition('/')[0]}/wrong", b"{}")) != 401:
            yield f"{provider}: HTTP {status} for a wrong token"


def _ask_with_a_wrong_token(deployment: Deployment) -> Iterator[str]:
    client = Client(replace(deployment, admin_token="wrong"), TIMEOUT_S)  # noqa: S106
    if "suppressed" in (answer := client.suppression("+33639980015")):
        yield f"The API answers {answer} to a wrong token"
