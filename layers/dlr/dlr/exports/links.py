"""Links to a job's files that work for a quarter of an hour, without a token."""

from collections.abc import Iterator
from typing import Any

from botocore.config import Config

from dlr.exports.job import Format, Job
from dlr.runtime.aws import CALLS

LINK_S = 900
SIGNING = CALLS.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
"""Older signatures cannot set the answer's headers. Virtual: with the region in the host, without
which a link into a young bucket is redirected and then refused."""
MEDIA = {Format.CSV: "text/csv; charset=utf-8", Format.PARQUET: "application/vnd.apache.parquet"}


class Links:
    """Signs links. `client` is a boto3 S3 client made with `SIGNING`."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def of(self, job: Job) -> Iterator[str]:
        """A link to each part, in order. The file's name says what it is."""
        order = job.order
        for name, part in sorted(job.parts.items()):
            file = f"{order.kind}-{name}-{order.id[:8]}.{order.format}"
            wanted = {
                "Bucket": self._bucket,
                "Key": part.key,
                "ResponseContentDisposition": f'attachment; filename="{file}"',
                "ResponseContentType": MEDIA[order.format],
            }
            yield self._client.generate_presigned_url("get_object", wanted, LINK_S)
