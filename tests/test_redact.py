"""The team's own secrets, which some providers send with each report, are read and kept nowhere."""

import json
from dataclasses import replace
from time import thread_time
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlr.providers.base import load_provider, provider_names
from dlr.wire.redact import without_secrets
from dlr.wire.request import Request
from local.cloud import Cloud
from tests.support.ingest import IngestHarness

NAMES = frozenset({"apiKey", "pass.word"})
SECRET = "hush-hush"
WITH_SECRETS = [name for name in provider_names() if load_provider(name).secret_names]


def redacted(body: str, query: str = "") -> tuple[str, str]:
    made = without_secrets(Request("POST", query=query, body=body.encode()), NAMES)
    return made.body.decode(), made.query


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ('{"apiKey": "hush-hush", "id": 1}', '{"apiKey": "", "id": 1}'),
        ('{"id": 1, "APIKEY":"hush-hush"}', '{"id": 1, "APIKEY":""}'),
        ('{"apiKey" : "hush\\"-hush"}', '{"apiKey" : ""}'),
        ('{"apiKey": 4711}', '{"apiKey": ""}'),
        ('[{"a": {"apiKey": "hush-hush"}}, {"apiKey": null}]', None),
        ('{"apiKey": "hush-hu', '{"apiKey": ""'),
        ('{"apiKey": "hush-hush\\', '{"apiKey": ""\\'),
        ('{"other": "apiKey", "id": "1"}', '{"other": "apiKey", "id": "1"}'),
        ('{"passxword": "1"}', '{"passxword": "1"}'),
        ("apiKey=hush-hush&id=1", "id=1"),
        ("id=1&apikey=hush-hush&to=2", "id=1&to=2"),
        ("id=1&apiKey=hush-hush", "id=1&"),
        ("apiKey=hush-hush", ""),
        ("apiKey=&id=1&apiKey=hush-hush", "id=1&"),
        ("id=1&myapiKey=2", "id=1&myapiKey=2"),
        ("\ufeffapiKey=hush-hush&id=1", "id=1"),
        ("\r\n apiKey=hush-hush&id=1", "id=1"),
        (
            '\ufeff{"apiKey": "hush-hush", "id": "&apiKey=1"}',
            '\ufeff{"apiKey": "", "id": "&apiKey=1"}',
        ),
        ("<r><apiKey>hush-hush</apiKey><id>1</id></r>", "<r><apiKey></apiKey><id>1</id></r>"),
        ('<r><n:apiKey x="1">hush-hush</n:apiKey></r>', '<r><n:apiKey x="1"></n:apiKey></r>'),
        ("<r><apiKey><![CDATA[hush<-hush]]></apiKey></r>", "<r><apiKey></apiKey></r>"),
        ("<r><apiKey><![CDATA[hush-hush", "<r><apiKey>"),
        ("", ""),
    ],
)
def test_a_secret_is_gone_wherever_it_stands_and_nothing_else_is(
    body: str, left: str | None
) -> None:
    made, _ = redacted(body)
    assert "hush" not in made
    if left is not None:
        assert made == left
    if body.endswith("}]"):
        assert json.loads(made) == [{"a": {"apiKey": ""}}, {"apiKey": ""}]


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("apiKey=hush-hush&to=1", "to=1"),
        ("to=1&apiKey=hush-hush&shop=4", "to=1&shop=4"),
        ("to=1", "to=1"),
        ("", ""),
    ],
)
def test_a_secret_in_the_query_is_gone_too(query: str, left: str) -> None:
    assert redacted("{}", query) == ("{}", left)


def test_without_names_a_request_stays_as_it_is() -> None:
    request = Request("POST", query="apiKey=1", body=b'{"apiKey": "1"}')
    assert without_secrets(request, frozenset()) is request


@given(
    content=st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers(), max_size=4),
    secret=st.text(max_size=20),
)
def test_any_json_stays_the_same_but_for_the_secret(
    content: dict[str, object], secret: str
) -> None:
    body = json.dumps({**content, "apiKey": secret, "last": 1})
    assert json.loads(redacted(body)[0]) == {**content, "apiKey": "", "last": 1}


@given(
    pairs=st.lists(st.tuples(st.sampled_from(["a", "apiKey", "to"]), st.text(max_size=9))),
)
def test_any_form_keeps_its_other_pairs(pairs: list[tuple[str, str]]) -> None:
    kept = urlencode([pair for pair in pairs if pair[0] != "apiKey"])
    assert redacted(urlencode(pairs))[0].rstrip("&") == kept.rstrip("&")


@pytest.mark.parametrize(
    "body",
    ['"apiKey":' * 20_000, "apiKey=" * 30_000, "<apiKey>" * 25_000, "<apiKey " * 25_000],
)
def test_redacting_takes_linear_time(body: str) -> None:
    def seconds(text: str) -> float:
        started = thread_time()
        redacted(text)
        return thread_time() - started

    short = min(seconds(body[: len(body) // 4]) for _ in range(5))
    assert min(seconds(body) for _ in range(5)) < 12 * short + 0.01  # four times if it is linear


@pytest.mark.parametrize("name", WITH_SECRETS)
def test_a_providers_secret_reaches_neither_table(cloud: Cloud, name: str) -> None:
    ingest = IngestHarness(cloud)
    names = sorted(load_provider(name).secret_names)
    for secret in names:
        for body in (
            f'{{"{secret}": "{SECRET}"}}',
            f"{secret}={SECRET}&x=1",
            f"<{secret}>{SECRET}<",
        ):
            request = Request("POST", query=f"{secret}={SECRET}", body=body.encode(), token="token")
            for each in (request, replace(request, body=b"", method="GET")):
                ingest.receiver(name)(each)
    assert len(ingest.quarantined()) >= 3
    assert SECRET not in str(ingest.quarantine_items())
    assert SECRET not in str(ingest.client.scan(TableName=ingest.reports)["Items"])
