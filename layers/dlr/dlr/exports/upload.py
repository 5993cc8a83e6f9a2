"""A file into a bucket, in pieces: memory holds one piece, whatever the file's size."""

from contextlib import suppress
from pathlib import Path
from typing import Any

PIECE = 8 * 1024 * 1024
"""Bytes; S3 takes 10,000 pieces, so files of 80 GB."""


def upload(client: Any, bucket: str, key: str, path: Path, media: str) -> int:
    """Puts the file under the key; its bytes. Raises botocore's errors, and leaves nothing then.

    What a killed function leaves of an upload is removed by the bucket's lifecycle.
    """
    size = path.stat().st_size
    if size <= PIECE:
        client.put_object(Bucket=bucket, Key=key, Body=path.read_bytes(), ContentType=media)
        return size
    target = {"Bucket": bucket, "Key": key}
    upload_id = client.create_multipart_upload(**target, ContentType=media)["UploadId"]
    target["UploadId"] = upload_id
    try:
        pieces = _send(client, target, path)
        client.complete_multipart_upload(**target, MultipartUpload={"Parts": pieces})
    except Exception:
        with suppress(Exception):
            client.abort_multipart_upload(**target)
        raise
    return size


def _send(client: Any, target: dict[str, str], path: Path) -> list[dict[str, Any]]:
    pieces: list[dict[str, Any]] = []
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            number = len(pieces) + 1
            answer = client.upload_part(**target, PartNumber=number, Body=piece)
            pieces.append({"PartNumber": number, "ETag": answer["ETag"]})
    return pieces
