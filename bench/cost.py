"""US dollars per million reports, from what was counted and `prices.json`."""

import json
from pathlib import Path

from bench.consumption import Consumption

PRICES = json.loads((Path(__file__).parent / "prices.json").read_text())
USD, ASSUMED = PRICES["usd"], PRICES["assumed"]
SUPPRESS_WRITES, SUPPRESS_READS, QUEUE_REQUESTS = 2, 1, 3
"""An entry and the guard's place; the entry before; send, receive, delete."""


def ours(consumed: Consumption, log_bytes: float) -> dict[str, float]:
    """The whole path, from the webhook to the suppression list."""
    news = consumed.published / consumed.reports
    suppressed = ASSUMED["suppressing_messages"] / consumed.reports
    calls = 1 + news / ASSUMED["publish_records_per_call"] + suppressed
    ms = ASSUMED["ingest_ms"] + news * ASSUMED["publish_ms_per_record"]
    ms += suppressed * ASSUMED["suppress_ms"]
    units = consumed.write_units / consumed.reports + suppressed * SUPPRESS_WRITES
    reads = suppressed * SUPPRESS_READS * USD["dynamodb_read_units_per_million"]
    log_bytes += ASSUMED["access_log_bytes"]
    log_bytes += news / ASSUMED["publish_records_per_call"] * ASSUMED["publish_log_bytes_per_call"]
    return _priced(calls, ms, units, news, log_bytes) | {
        "suppression": suppressed * QUEUE_REQUESTS * USD["sqs_requests_per_million"] + reads
    }


def naive(consumed: Consumption, log_bytes: float, times_ingest: float) -> dict[str, float]:
    """Only the webhook: no list, no access log. It runs longer, as the emulator measured."""
    units = consumed.write_units / consumed.reports
    ms = ASSUMED["ingest_ms"] * times_ingest
    published = consumed.published / consumed.reports
    traced = {"X-Ray": ASSUMED["traced"] * USD["xray_traces_per_million"]}
    return _priced(1, ms, units, published, log_bytes) | traced


def _priced(
    calls: float, ms: float, units: float, events: float, log_bytes: float
) -> dict[str, float]:
    gb_seconds = ms * 1000 * ASSUMED["memory_gb"]  # of a million
    return {
        "HTTP API": USD["http_api_per_million"],
        "Lambda": calls * USD["lambda_requests_per_million"] + gb_seconds * USD["lambda_gb_second"],
        "DynamoDB": units * USD["dynamodb_write_units_per_million"],
        "EventBridge": events * USD["eventbridge_events_per_million"],
        "logs": log_bytes / 1000 * USD["logs_per_gb"],
    }
