"""What Lambda hands to a function, made of what the embedded AWS holds."""

import json
from datetime import datetime
from typing import Any

from local.cloud import Cloud

_FROM_QUEUE = {
    "eventSource": "aws:sqs",
    "receiptHandle": "",
    "attributes": {"ApproximateReceiveCount": "1"},
}
POISON = {"messageId": "poison", "body": "not JSON"} | _FROM_QUEUE


def stream_records(cloud: Cloud, table: str) -> list[dict[str, Any]]:
    """What the table's stream holds, as Lambda hands it over."""
    streams = cloud.client("dynamodbstreams")
    (stream,) = streams.list_streams(TableName=table)["Streams"]
    arn = stream["StreamArn"]
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    found = streams.get_records(ShardIterator=iterator)["Records"]
    records: list[dict[str, Any]] = json.loads(json.dumps(found, default=datetime.timestamp))
    return [record | {"eventSourceARN": arn} for record in records]


def queued(cloud: Cloud, queue: str) -> list[dict[str, Any]]:
    """What is in the queue, as Lambda hands it over."""
    sqs = cloud.client("sqs")
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        found += [
            {"messageId": each["MessageId"], "body": each["Body"]} | _FROM_QUEUE
            for each in messages
        ]
    return found
