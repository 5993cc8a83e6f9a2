"""US dollars per million reports, from what was counted and `prices.json`."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import path
from bench.consumption import Consumption
from bench.lake import LakeUse
from local import template

PRICES = json.loads((Path(__file__).parent / "prices.json").read_text())
USD, ASSUMED = PRICES["usd"], PRICES["assumed"]
MIX: Mapping[str, float] = ASSUMED["messages"]
"""The share of each kind of message."""
POLLS_PER_S = 4
MAX_RECORDS = 100
"""Of a batch, as the template has it."""


@dataclass(frozen=True)
class Settings:
    """The template's parameters that change the price."""

    architecture: str
    has_access_log: bool
    publish_window_s: int


def default_settings() -> Settings:
    """As they are deployed if nobody says otherwise."""
    parameters = template.load(template.PATH, {})["Parameters"]
    return Settings(
        parameters["Architecture"]["Default"],
        parameters["AccessLog"]["Default"] == "on",
        parameters["PublishWindow"]["Default"],
    )


@dataclass
class _Bill:
    """What a million reports consume, for one report."""

    calls: float = 0
    ms: float = 0
    write_units: float = 0
    read_units: float = 0
    events: float = 0
    queue_requests: float = 0
    log_bytes: float = 0

    def priced(self, architecture: str) -> dict[str, float]:
        gb_seconds = self.ms * 1000 * ASSUMED["memory_gb"]  # of a million
        return {
            "HTTP API": USD["http_api_per_million"],
            "Lambda": self.calls * USD["lambda_requests_per_million"]
            + gb_seconds * USD[f"lambda_gb_second_{architecture}"],
            "DynamoDB": self.write_units * USD["dynamodb_write_units_per_million"]
            + self.read_units * USD["dynamodb_read_units_per_million"],
            "EventBridge": self.events * USD["eventbridge_events_per_million"],
            "SQS": self.queue_requests * USD["sqs_requests_per_million"],
            "logs": self.log_bytes / 1000 * USD["logs_per_gb"],
        }


def ours(
    consumed: Consumption, paths: Sequence[path.Path], log_bytes: float, settings: Settings
) -> dict[str, float]:
    """The whole path, from the webhook to the suppression list. `log_bytes` are ingest's."""
    records = consumed.stored / consumed.reports
    suppress_calls = _of_a_report(consumed, {each.name: each.suppress_calls for each in paths})
    publish_calls = records / _records_of_a_call(settings)
    logged = {each.name: each.log_bytes["suppress"] for each in paths}
    publish_log_bytes = max(each.log_bytes["publish"] for each in paths)
    bill = _Bill(
        calls=1 + publish_calls + suppress_calls,
        ms=ASSUMED["ingest_ms"]
        + records * ASSUMED["publish_ms_per_record"]
        + suppress_calls * ASSUMED["suppress_ms"],
        write_units=consumed.write_units / consumed.reports
        + _of_a_report(consumed, {each.name: each.write_units for each in paths}),
        read_units=_of_a_report(consumed, {each.name: each.read_units for each in paths}),
        events=_of_a_report(consumed, {each.name: each.events for each in paths}),
        queue_requests=_of_a_report(consumed, {each.name: each.queue_requests for each in paths}),
        log_bytes=log_bytes
        + publish_calls * publish_log_bytes
        + _of_a_report(consumed, logged)
        + settings.has_access_log * ASSUMED["access_log_bytes"],
    )
    return bill.priced(settings.architecture)


def _records_of_a_call(settings: Settings) -> float:
    """Without a window Lambda looks into each shard four times a second."""
    window_s = settings.publish_window_s or 1 / POLLS_PER_S
    records: float = ASSUMED["reports_per_second"] * window_s
    return min(MAX_RECORDS, max(1, records))


def _of_a_report(consumed: Consumption, by_kind: Mapping[str, float]) -> float:
    """The mean over the mix of messages. What follows a final state is shared by its reports."""
    return sum(share * by_kind[kind] for kind, share in MIX.items()) / consumed.reports


MONTH_S = 365 / 12 * 24 * 3600
WINDOW_S = 60
"""The stream's window for the lake, as the template has it."""
MERGES_A_MONTH = MONTH_S / 300
UNIT_BYTES = 1024
LAKE_ALARMS, LAKE_METRICS = 7, 1
"""The metric that is written without traffic as well."""


def lake(use: LakeUse, reports_a_month: float, reports_a_message: int) -> dict[str, float]:
    """US dollars a month for writing, merging and keeping the lake.

    Lambda reads streams for nothing. A function with half a gigabyte has less than a third of a
    processor: `lake_slower`.
    """
    batches = min(reports_a_month, ASSUMED["lake_shards"] * MONTH_S / WINDOW_S)
    merges = min(MERGES_A_MONTH, batches)
    write_ms = batches * ASSUMED["lake_call_ms"] + (
        reports_a_month * use.record_us / 1000 * ASSUMED["lake_slower"]
    )
    calls = _times(use.merge_calls, merges) + _times(use.idle_calls, MERGES_A_MONTH - merges)
    merge_ms = merges * use.merge_ms + MERGES_A_MONTH * ASSUMED["merge_start_ms"]
    merge_ms += calls.total() * ASSUMED["merge_call_ms"]
    gb_seconds = (write_ms * ASSUMED["memory_gb"] + merge_ms * ASSUMED["merge_memory_gb"]) / 1000
    units = 2 * (-(-use.manifest_bytes // UNIT_BYTES) + 1) * merges  # a transaction costs twice
    gb = reports_a_month / reports_a_message * use.message_bytes * ASSUMED["lake_months"] / 1e9
    million = 1e6
    return {
        "Lambda": (batches + MERGES_A_MONTH) / million * USD["lambda_requests_per_million"]
        + gb_seconds * USD["lambda_gb_second_arm64"],
        "S3 writes": (batches + calls["PutObject"] + calls["ListObjectsV2"])
        / million
        * USD["s3_writes_per_million"],
        "S3 reads": calls["GetObject"] / million * USD["s3_reads_per_million"],
        "S3": gb * USD["s3_gb_month"],
        "DynamoDB": units / million * USD["dynamodb_write_units_per_million"]
        + (calls["GetItem"] + calls["Query"]) / million * USD["dynamodb_read_units_per_million"],
        "alarms": LAKE_ALARMS * USD["alarm"] + LAKE_METRICS * USD["custom_metric"],
    }


def _times(calls: Counter[str], count: float) -> Counter[str]:
    return Counter({name: round(number * count) for name, number in calls.items()})


def naive(
    consumed: Consumption, log_bytes: float, times_ingest: float, settings: Settings
) -> dict[str, float]:
    """Only the webhook: no list, no access log. It runs longer, as the emulator measured."""
    bill = _Bill(
        calls=1,
        ms=ASSUMED["ingest_ms"] * times_ingest,
        write_units=consumed.write_units / consumed.reports,
        events=consumed.published / consumed.reports,
        log_bytes=log_bytes,
    )
    traced = {"X-Ray": ASSUMED["traced"] * USD["xray_traces_per_million"]}
    return bill.priced(settings.architecture) | traced
