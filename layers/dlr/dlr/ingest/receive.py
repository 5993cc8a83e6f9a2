"""What happens to one request of a provider: verify, read, normalize, store, answer."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from dlr.causes import Cause
from dlr.ingest.normalize import Normalized, Normalizer
from dlr.ingest.quarantine import Quarantine
from dlr.messages.store import Outcome, ReportStore
from dlr.runtime.secret import Secret
from dlr.wire.decode import UnreadableError
from dlr.wire.request import Request, Response, problem
from dlr.wire.verify import Credentials, Verifier, token_in_path

MAX_BODY_BYTES = 256 * 1024

Answer = tuple[Response, Counter[str]]
"""The response, and what to count: names of metrics."""


def _now() -> datetime:
    return datetime.now(UTC)


class Receiver:
    """Answers one provider's requests.

    The answer depends on the durable write and on nothing else: 200 once every readable
    report is stored, was stored before, or is older than the state; 5xx only if a write failed, so
    that the provider sends it again.
    """

    def __init__(
        self,
        normalizer: Normalizer,
        store: ReportStore,
        quarantine: Quarantine,
        secret: Secret,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._normalizer = normalizer
        self._provider = normalizer.provider
        self._store = store
        self._quarantine = quarantine
        self._secret = secret
        self._clock = clock

    def __call__(self, request: Request) -> Answer:
        """The answer to a request, whatever it holds. Raises nothing but defects of our own."""
        if len(request.body) > MAX_BODY_BYTES:
            detail = f"A report may have {MAX_BODY_BYTES // 1024} KiB."
            return problem(413, "Too large", detail), Counter({"TooLarge": 1})
        try:
            return self._answer(request, self._clock())
        except (ClientError, BotoCoreError) as error:
            answer = problem(503, "Not stored", "Please send the report again.")
            return answer, Counter({"NotStored": 1, f"NotStored{_kind_of(error)}": 1})

    def _answer(self, request: Request, now: datetime) -> Answer:
        # a probe carries nothing, and comes before a provider has anything to sign with
        verify = token_in_path if request.is_probe else self._provider.verify
        if not self._is_authentic(request, verify, now):
            return self._refuse(request, now), Counter({"Unauthorized": 1})
        if request.method == "HEAD":
            return Response(200, {}), Counter({"Probe": 1})
        if request.method not in self._provider.methods:
            allowed = ", ".join(sorted(self._provider.methods))
            answer = problem(405, "Method not allowed", f"Use {allowed}.", {"allow": allowed})
            return answer, Counter({"MethodNotAllowed": 1})
        return self._receive(request, now)

    def _receive(self, request: Request, now: datetime) -> Answer:
        try:
            normalized = self._normalizer(request, now)
        except UnreadableError as error:
            self._quarantine.put(self._provider.name, request, str(error), now)
            return problem(400, "Unreadable report", str(error)), Counter({"Unreadable": 1})
        if normalized.errors:
            reasons = "; ".join(normalized.errors[:5])
            self._quarantine.put(self._provider.name, request, reasons, now)
        outcomes = [self._store.put(report) for report in normalized.reports]
        body = {outcome.value: outcomes.count(outcome) for outcome in Outcome}
        rest = {"ignored": normalized.ignored, "unreadable": len(normalized.errors)}
        return Response(200, body | rest), _counts(normalized, outcomes)

    def _is_authentic(self, request: Request, verify: Verifier, now: datetime) -> bool:
        """With the known secrets or, during a rotation, with those just read again."""
        return any(
            verify(request, Credentials(tokens(), now, self._secret.signing_keys()))
            for tokens in (self._secret.values, self._secret.fresh)
        )

    def _refuse(self, request: Request, now: datetime) -> Response:
        if self._is_authentic(request, token_in_path, now):
            detail = "The signature is missing, wrong or too old."
            return problem(self._provider.unsigned_status, "Not authorized", detail)
        return problem(401, "Not authorized", "The token in the URL is not this provider's.")


def _counts(normalized: Normalized, outcomes: list[Outcome]) -> Counter[str]:
    counts = Counter(outcome.name.title() for outcome in outcomes)
    counts["Ignored"] = normalized.ignored
    counts["Unreadable"] = len(normalized.errors)
    counts["UnknownCode"] = sum(r.cause is Cause.UNKNOWN for r in normalized.reports)
    counts["NoRecipient"] = sum(r.recipient is None for r in normalized.reports)
    return +counts


def _kind_of(error: ClientError | BotoCoreError) -> str:
    """The error's name; its text may quote what was sent."""
    if isinstance(error, ClientError):
        return str(error.response["Error"]["Code"])
    return type(error).__name__
