"""What can go wrong with a call to AWS, injected where the request would leave the machine."""

import io
import json
from collections.abc import Callable
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from tests.support.functions import Call

WRITES = {
    *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"),
    *("PutEvents", "SendMessage", "ChangeMessageVisibility"),
    *("PutObject", "DeleteObject", "DeleteObjects", "CreateMultipartUpload", "UploadPart"),
    *("CompleteMultipartUpload", "AbortMultipartUpload"),
}
INVOCATION = "amz-sdk-invocation-id"
"""The same for all attempts of one call."""
TARGET = "X-Amz-Target"

_network = URLLib3Session()


class Killed(BaseException):
    """Lambda stopped the function: no code of its own runs any more."""


Fault = Callable[[AWSPreparedRequest], AWSResponse | None]


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> list[bytes]:
        return [self.read()]


def answer(request: AWSPreparedRequest, status: int, content: Any) -> AWSResponse:
    """What AWS might have answered."""
    raw = _Raw(json.dumps(content).encode())
    return AWSResponse(request.url, status, {"content-type": "application/x-amz-json-1.0"}, raw)


def _error(status: int, code: str) -> Fault:
    def refuse(request: AWSPreparedRequest) -> AWSResponse:
        """AWS quotes the request in some messages: nobody may pass that on."""
        if TARGET not in request.headers:  # S3 answers in XML
            text = f"<Error><Code>{code}</Code><Message>{request.url}</Message></Error>"
            return AWSResponse(request.url, status, {}, _Raw(text.encode()))
        return answer(request, status, {"__type": code, "message": str(request.body)})

    return refuse


def _no_connection(request: AWSPreparedRequest) -> None:
    raise EndpointConnectionError(endpoint_url=request.url, error=str(request.body))


def _timeout_before(request: AWSPreparedRequest) -> None:
    raise ConnectTimeoutError(endpoint_url=request.url, error=str(request.body))


def _timeout_after(request: AWSPreparedRequest) -> None:
    _network.send(request)
    raise ReadTimeoutError(endpoint_url=request.url, error=str(request.body))


def _killed_after(request: AWSPreparedRequest) -> None:
    _network.send(request)
    raise Killed


def _twin(request: AWSPreparedRequest) -> None:
    """Somebody wrote the same a moment ago: a conditional write is refused."""
    _network.send(request)


def _partial(request: AWSPreparedRequest) -> AWSResponse:
    """The bus takes every entry but the first."""
    first, *rest = json.loads(request.body)["Entries"]
    results = []
    if rest:
        request.body = json.dumps({"Entries": rest}).encode()
        request.headers["Content-Length"] = str(len(request.body))
        results = json.loads(_network.send(request).content)["Entries"]
    refused = {"ErrorCode": "InternalFailure", "ErrorMessage": str(first)}
    return answer(request, 200, {"FailedEntryCount": 1, "Entries": [refused, *results]})


def _left_out(request: AWSPreparedRequest) -> AWSResponse:
    """DynamoDB reads or writes nothing of it now: everything is to be sent again."""
    wanted = json.loads(request.body)["RequestItems"]
    return answer(
        request, 200, {"Responses": {}, "UnprocessedKeys": wanted, "UnprocessedItems": wanted}
    )


ANY: dict[str, Fault] = {
    "throttled": _error(400, "ThrottlingException"),
    "error 500": _error(500, "InternalServerError"),
    "no connection": _no_connection,
    "timeout before": _timeout_before,
    "timeout after": _timeout_after,
    "killed after": _killed_after,
}
ONCE: dict[str, Fault] = {
    "throttled once": _error(400, "ThrottlingException"),
    "timeout after once": _timeout_after,
}
TWIN: dict[str, Fault] = {"twin was first": _twin}
PARTIAL: dict[str, Fault] = {"in part": _partial}
LEFT_OUT: dict[str, Fault] = {"left out": _left_out}
EVERY = ANY | ONCE | TWIN | PARTIAL | LEFT_OUT


def faults_of(call: Call) -> list[str]:
    """The faults that this call can meet."""
    names = [*ANY, *ONCE]
    if call.operation in WRITES:
        names += TWIN
    if call.operation == "PutEvents":
        names += PARTIAL
    if call.operation in {"BatchGetItem", "BatchWriteItem"}:
        names += LEFT_OUT
    return names


class Injection:
    """One fault in the first call of a kind: in all its attempts, or in the first one only."""

    def __init__(self, call: Call, fault: str) -> None:
        self.call = call
        self._fault = EVERY[fault]
        self._once = fault not in ANY
        self._invocation: str | bytes | None = None
        self.hits = 0

    def __call__(self, call: Call, request: AWSPreparedRequest) -> AWSResponse | None:
        if call != self.call or (self._once and self.hits):
            return None
        invocation = request.headers[INVOCATION]
        if self._invocation is None:
            self._invocation = invocation
        if invocation != self._invocation:
            return None
        self.hits += 1
        return self._fault(request)
