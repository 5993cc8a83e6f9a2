"""What is kept of requests that could not be read, how it is found, and how much of it is kept."""

import gzip
import json
import time
import zlib
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from dlr.ingest.quarantine import Quarantine, QuarantineQuota
from dlr.ingest.quarantined import MANY, MAX_POINTERS
from dlr.ingest.unread import Unread
from dlr.messages.by_recipient import RecipientReports
from dlr.people import ErasureLog, PersonalData
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.runtime.batch import delete_all
from dlr.suppression.announce import Announcer
from dlr.suppression.table import SuppressionList
from dlr.wire.request import Request
from local.cloud import Cloud
from local.recordings import NOW
from tests.support.ingest import HASHER, IngestHarness, detail_of
from tests.support.suppression import RULES
from tests.support.tables import Calls, make_table

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PERSON = PhoneNumber("+447700900600")
OTHER = PhoneNumber("+447700900601")
NAME = "bulksmsrates"
MAX_ANSWER = 6 * 1024 * 1024
"""Bytes that a function may answer: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


class Deaf:
    """A bus that nobody listens to."""

    def put_events(self, **_: Any) -> dict[str, int]:
        return {"FailedEntryCount": 0}


class QuarantineHarness(IngestHarness):
    """A webhook, and access and erasure of those who stand in what it could not read."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.tables = [make_table(cloud, f"{name}Table") for name in ("Suppressions", "Erasures")]
        self.people = self.person_data(self.client, HASHER)

    def person_data(self, client: Any, hasher: RecipientHasher) -> PersonalData:
        suppressions, erasures = self.tables
        return PersonalData(
            RecipientReports(client, self.reports),
            SuppressionList(client, suppressions, RULES),
            Quarantine(client, self.quarantine, hasher, DAY),
            ErasureLog(client, erasures),
            hasher,
            Announcer(Deaf(), "bus"),
        )

    def send(self, body: bytes, query: str = "", **headers: str) -> Counter[str]:
        """The counts of a request that is answered 400 or 200."""
        return self.answer(Request("POST", query=query, headers=headers, body=body))

    def answer(self, request: Request, quota: QuarantineQuota | None = None) -> Counter[str]:
        with_token = Request(
            request.method,
            query=request.query,
            headers=request.headers,
            body=request.body,
            token="token",
        )
        response, counts = self.receiver(quota=quota)(with_token)
        assert response.status in {200, 400}, detail_of(response)
        return counts

    def bodies(self, of: PhoneNumber) -> set[str]:
        """Of the requests that access to a person shows."""
        return {each.body for each in self.people.export(of, NOW).quarantine}


@pytest.fixture(scope="module")
def shared(cloud: Cloud) -> QuarantineHarness:
    return QuarantineHarness(cloud)


@pytest.fixture
def webhook(shared: QuarantineHarness) -> QuarantineHarness:
    keys = [{"id": item["id"]} for item in shared.quarantine_items()]
    delete_all(shared.client, shared.quarantine, keys)
    return shared


# ---------------------------------------------------------------- found


@pytest.mark.parametrize("piece", ["(0)", "44 77 (0)(0)", "1 ", "+44 0 77 "])
def test_a_hostile_body_delays_neither_access_nor_erasure(
    webhook: QuarantineHarness, piece: str
) -> None:
    """Nor its own answer: its numbers are looked for when it comes."""
    began = time.process_time()
    webhook.send(b"44 77" + (piece * 5000)[:4800].encode() + b" no report")
    webhook.people.export(PERSON, NOW)
    webhook.people.erase(PERSON, NOW, "carol")
    assert time.process_time() - began < 1


def test_access_and_erasure_ask_by_hash_and_never_scan(
    cloud: Cloud, webhook: QuarantineHarness
) -> None:
    webhook.send(f'{{"to": "{PERSON}"}}'.encode())
    client = cloud.client("dynamodb")
    calls = Calls(client)
    people = webhook.person_data(client, HASHER)
    assert len(people.export(PERSON, NOW).quarantine) == 1
    assert people.erase(PERSON, NOW, "carol").quarantine == 1
    assert calls.made["Scan"] == 0


def test_a_number_in_query_or_content_type_is_found(webhook: QuarantineHarness) -> None:
    webhook.send(b'{"a": 1}', query=f"to=%2B{PERSON[1:]}")
    webhook.send(b'{"a": 2}', **{"content-type": f"text/plain; to={PERSON}"})
    assert webhook.bodies(PERSON) == {'{"a": 1}', '{"a": 2}'}


def test_a_request_is_found_after_the_hash_key_was_rotated(
    cloud: Cloud, webhook: QuarantineHarness
) -> None:
    webhook.send(f'{{"to": "{PERSON}"}}'.encode())
    rotated = webhook.person_data(webhook.client, RecipientHasher(lambda: ["new", "key"]))
    assert len(rotated.export(PERSON, NOW).quarantine) == 1
    assert rotated.erase(PERSON, NOW, "carol").quarantine == 1
    assert webhook.quarantine_items() == []


def test_an_erasure_leaves_nothing_of_the_request_and_no_pointer_to_it(
    webhook: QuarantineHarness,
) -> None:
    webhook.send(f'{{"to": "{PERSON}", "from": "{OTHER}"}}'.encode())
    webhook.send(f'{{"to": "{OTHER}"}}'.encode())
    assert webhook.people.erase(PERSON, NOW, "carol").quarantine == 1
    assert webhook.people.export(PERSON, NOW).quarantine == []
    assert webhook.bodies(OTHER) == {f'{{"to": "{OTHER}"}}'}
    request, pointer = sorted(webhook.quarantine_items(), key=lambda item: item["id"]["S"])
    assert pointer["id"]["S"].startswith(request["id"]["S"])


def test_a_request_that_has_expired_is_not_shown_and_is_erased(webhook: QuarantineHarness) -> None:
    webhook.send(f'{{"to": "{PERSON}"}}'.encode())
    later = webhook.people.export(PERSON, NOW + DAY)
    assert (later.quarantine, later.further_requests) == ([], [])
    webhook.people.erase(PERSON, NOW + DAY, "carol")
    assert webhook.quarantine_items() == []


def many_numbers() -> bytes:
    return "\n".join(f"+3363998{n:04}" for n in range(MAX_POINTERS + 1)).encode()


def test_a_request_with_too_many_numbers_is_named_to_everybody_and_erased_with_anybody(
    webhook: QuarantineHarness,
) -> None:
    webhook.send(many_numbers())
    request, pointer = sorted(webhook.quarantine_items(), key=lambda item: item["id"]["S"])
    assert pointer["recipient_hash"]["S"] == MANY
    stored = webhook.people.export(PERSON, NOW)
    assert (stored.quarantine, stored.further_requests) == ([], [request["id"]["S"]])
    assert webhook.people.erase(PERSON, NOW, "carol").quarantine == 1
    assert webhook.quarantine_items() == []


def test_the_pointers_of_one_call_are_bounded(webhook: QuarantineHarness) -> None:
    """Whatever the batch is split into."""
    items = [{"n": n, "to": f"+3363998{n:04}", "from": f"+336399{n + 85000}"} for n in range(500)]
    items[-1]["also"] = f"{PERSON} {OTHER}"
    webhook.send(json.dumps(items).encode())
    pointers = [item for item in webhook.quarantine_items() if "recipient_hash" in item]
    hashes = Counter(item["recipient_hash"]["S"] == MANY for item in pointers)
    assert len(webhook.quarantined()) == 500
    assert hashes[False] <= MAX_POINTERS
    assert hashes[True] >= 1
    assert len(webhook.people.export(PERSON, NOW).further_requests) == hashes[True]


def test_access_answers_however_much_was_sent_about_a_person(webhook: QuarantineHarness) -> None:
    large = b'"\xff' * 20_000
    for place in range(40):
        webhook.send(b"%d " % place + PERSON.encode() + large)
    stored = webhook.people.export(PERSON, NOW)
    assert len(json.dumps(stored.model_dump_json())) < MAX_ANSWER
    named = {each.id for each in stored.quarantine} | set(stored.further_requests)
    assert named == {item["id"]["S"] for item in webhook.quarantined()}
    assert stored.quarantine
    assert len(named) == len(stored.quarantine) + len(stored.further_requests) == 40
    assert webhook.people.erase(PERSON, NOW, "carol").quarantine == 40
    assert webhook.quarantine_items() == []


# ---------------------------------------------------------------- one item a request


def report(message_id: str, of: str) -> str:
    return json.dumps({"message_id": message_id, "to": of, "status": "UNDELIV"})


def test_erasing_one_person_keeps_anothers_unread_report_of_the_same_batch(
    webhook: QuarantineHarness,
) -> None:
    bad = f'{{"to":  "{OTHER}", "n": 1.50}}'
    webhook.send(f"[{report('a', PERSON)},\n {bad} ]".encode(), query="x=1")
    (kept,) = webhook.quarantined()
    assert (kept["body"]["B"], kept["query"]["S"]) == (bad.encode(), "x=1")
    assert webhook.people.erase(PERSON, NOW, "carol").messages == 1
    assert webhook.bodies(OTHER) == {bad}


@pytest.mark.parametrize(
    "spoil", ['{"to": "%s"}', '{"to": "%s", "cost": NaN}', '{"to": "%s", "to": "1"}']
)
def test_a_batch_of_which_nothing_could_be_read_is_kept_item_by_item(
    webhook: QuarantineHarness, spoil: str
) -> None:
    webhook.send(f"[{spoil % PERSON}, {spoil % OTHER}]".encode())
    assert webhook.people.erase(PERSON, NOW, "carol").quarantine == 1
    assert webhook.bodies(OTHER) == {spoil % OTHER}


def test_each_item_is_kept_with_its_own_reason(webhook: QuarantineHarness) -> None:
    webhook.send(b'[{"message_id": "m"}, {"status": "DELIVRD"}]')
    reasons = {item["body"]["B"]: item["error"]["S"] for item in webhook.quarantined()}
    assert reasons == {
        b'{"message_id": "m"}': "status: Field required",
        b'{"status": "DELIVRD"}': "message_id: Field required",
    }


@pytest.mark.parametrize(
    "body",
    [
        b'[{"to": "+447700900600"}, {"to"',
        b"[" + b"{}," * 500 + b"{}]",
        b"[" * 100_000,
        b"[]x",
        b"[{} {}]",
        b"[{},]",
    ],
)
def test_what_cannot_be_split_is_kept_whole(webhook: QuarantineHarness, body: bytes) -> None:
    webhook.send(body)
    assert [item["body"]["B"] for item in webhook.quarantined()] == [body]


# ---------------------------------------------------------------- how much is kept


def quota(webhook: QuarantineHarness, requests: int = 3, size: int = 10**6) -> QuarantineQuota:
    return QuarantineQuota(webhook.client, webhook.quarantine, requests, size)


def test_beyond_the_quota_a_request_is_answered_400_counted_and_not_kept(
    webhook: QuarantineHarness,
) -> None:
    seen = [
        webhook.answer(Request("POST", body=b"garbage %d" % place), quota(webhook))
        for place in range(5)
    ]
    kept, refused = Counter({"Unreadable": 1}), Counter({"Unreadable": 1, "NotKept": 1})
    assert seen == [kept] * 3 + [refused] * 2
    assert len(webhook.quarantined()) == 3


def test_bytes_count_pointers_included(webhook: QuarantineHarness) -> None:
    limited = quota(webhook, requests=100, size=5000)
    counts = [
        webhook.answer(Request("POST", body=b"%d" % place + b"x" * 3000), limited)["NotKept"]
        for place in range(2)
    ]
    assert counts == [0, 1]
    numbers = " ".join(f"+3363998{n:04}" for n in range(100))
    assert webhook.answer(Request("POST", body=numbers.encode()), limited)["NotKept"] == 1


def test_a_request_that_is_kept_already_takes_no_place(webhook: QuarantineHarness) -> None:
    for _ in range(10):
        webhook.answer(Request("POST", body=b"the same"), quota(webhook))
    assert webhook.answer(Request("POST", body=b"another"), quota(webhook))["NotKept"] == 0


def test_each_item_of_a_batch_takes_a_place(webhook: QuarantineHarness) -> None:
    batch = f"[{report('ok', OTHER)}, 1, 2, 3, 4]".encode()
    counts = webhook.answer(Request("POST", body=batch), quota(webhook))
    assert (counts["New"] + counts["Duplicate"], counts["Unreadable"], counts["NotKept"]) == (
        1,
        4,
        1,
    )


def test_the_quota_is_each_providers_own_and_new_every_hour(webhook: QuarantineHarness) -> None:
    limited = quota(webhook, requests=1)
    for provider, at in (("smpp", NOW), ("twilio", NOW), ("smpp", NOW + HOUR)):
        assert limited.allows(provider, 1, 1, at)
        assert not limited.allows(provider, 1, 1, at)


class Unreachable:
    def update_item(self, **_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1")


def test_a_quota_that_cannot_be_reached_loses_nothing(webhook: QuarantineHarness) -> None:
    unreachable = QuarantineQuota(Unreachable(), webhook.quarantine, 1, 1)
    for place in range(3):
        webhook.answer(Request("POST", body=b"garbage %d" % place), unreachable)
    assert len(webhook.quarantined()) == 3


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(f'{{"to": "{PERSON}"}}'.encode()), "gzip"),
        (gzip.compress(f'{{"to": "{PERSON}"}}'.encode()), ""),
        (zlib.compress(f'{{"to": "{PERSON}"}}'.encode()), ""),
        (b"\x8b\x07\x80{}\x03", "br"),
        (gzip.compress(b"garbage").decode("utf-8", "replace").encode(), ""),
        (b"\x8b\x07\x80{}\x03".decode("utf-8", "replace").encode(), "br"),
    ],
    ids=["gzip", "gzip without the header", "zlib", "brotli", "gzip as text", "brotli as text"],
)
def test_a_compressed_body_is_refused_and_not_kept(
    webhook: QuarantineHarness, body: bytes, encoding: str
) -> None:
    counts = webhook.send(body, **{"content-encoding": encoding})
    assert counts == Counter({"Unreadable": 1, "NotKept": 1})
    assert webhook.quarantine_items() == []


def test_a_plain_body_is_read_and_kept_whatever_its_encoding_is_called(
    webhook: QuarantineHarness,
) -> None:
    webhook.send(report("plain", PERSON).encode(), **{"content-encoding": "gzip"})
    webhook.send(b"garbage", **{"content-encoding": "gzip"})
    webhook.send(b"caf\xe9")
    assert len(webhook.quarantined()) == 2
    assert webhook.people.erase(PERSON, NOW, "carol").messages == 1


# ---------------------------------------------------------------- deletion


def test_a_deletion_that_broke_off_can_be_made_again(webhook: QuarantineHarness) -> None:
    webhook.send(f'{{"to": "{PERSON}"}}'.encode())
    (item,) = webhook.quarantined()
    found = item["id"]["S"]

    class Breaking:
        def __getattr__(self, name: str) -> Any:
            return getattr(webhook.client, name)

        def batch_write_item(self, **_: Any) -> Any:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")

    breaking = Quarantine(Breaking(), webhook.quarantine, HASHER, DAY)
    with pytest.raises(EndpointConnectionError):
        breaking.delete(found)
    assert webhook.quarantined() == [], "nothing of its content is left"
    assert webhook.people.export(PERSON, NOW).quarantine == []
    assert webhook.people.quarantine.delete(found)
    assert webhook.quarantine_items() == []
    assert not webhook.people.quarantine.delete(found)


def test_a_deletion_that_aws_refuses_says_so(webhook: QuarantineHarness) -> None:
    elsewhere = Quarantine(webhook.client, "no-such-table", HASHER, DAY)
    with pytest.raises(ClientError):
        elsewhere.delete("smpp.1")


def test_a_request_narrowed_to_the_whole_of_itself_stays(webhook: QuarantineHarness) -> None:
    webhook.send(b"garbage")
    (item,) = webhook.quarantined()
    found = item["id"]["S"]
    kept = webhook.people.quarantine.request(found, NOW)
    assert kept is not None
    webhook.people.quarantine.narrow(found, kept, [Unread(kept.request, "x")])
    assert webhook.quarantined() == [item]


def test_neither_a_pointer_nor_a_counter_is_taken_for_a_request(
    webhook: QuarantineHarness,
) -> None:
    webhook.answer(Request("POST", body=f'{{"to": "{PERSON}"}}'.encode()), quota(webhook))
    others = [i["id"]["S"] for i in webhook.quarantine_items() if "body" not in i]
    assert len(others) == 2
    for each in others:
        assert webhook.people.quarantine.request(each, NOW) is None
        assert not webhook.people.quarantine.delete(each)
    assert len(webhook.quarantine_items()) == 3
    assert len(webhook.people.quarantine.page(None, NOW).items) == 1


def test_a_pointer_whose_request_was_never_written_is_erased(webhook: QuarantineHarness) -> None:
    webhook.send(f'{{"to": "{PERSON}"}}'.encode())
    (item,) = webhook.quarantined()
    webhook.client.delete_item(TableName=webhook.quarantine, Key={"id": item["id"]})
    assert webhook.people.export(PERSON, NOW).quarantine == []
    assert webhook.people.erase(PERSON, NOW, "carol").quarantine == 0
    assert webhook.quarantine_items() == []


def test_a_request_that_comes_again_while_it_is_deleted_is_kept_again(
    webhook: QuarantineHarness,
) -> None:
    body = f'{{"to": "{PERSON}"}}'.encode()
    webhook.send(body)
    (item,) = webhook.quarantined()
    webhook.people.quarantine._empty({"id": item["id"]}, None)
    webhook.people.quarantine.put(NAME, [Unread(Request("POST", body=body), "x")], NOW)
    assert webhook.bodies(PERSON) == {body.decode()}
