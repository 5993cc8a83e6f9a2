"""What happens to one request of a provider: verify, read, normalize, store, answer."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from dlr.causes import Cause
from dlr.ingest.normalize import Normalized, Normalizer
from dlr.ingest.quarantine import Quarantine
from dlr.ingest.unread import Unread, is_compressed, unread_of
from dlr.messages.store import Outcome, ReportStore
from dlr.providers.base import Handshake
from dlr.report import DeliveryReport
from dlr.runtime.secret import Secret
from dlr.wire.decode import UnreadableError
from dlr.wire.fetch import UnreachableError, fetch
from dlr.wire.request import Request, Response, problem
from dlr.wire.verify import Credentials, Verifier, token_in_path

MAX_BODY_BYTES = 256 * 1024
MAX_WRITERS = 10
"""Messages of a batch that are written side by side: as many connections as botocore keeps open."""
NEVER = frozenset({"ValidationException", "SerializationException", "ParamValidationError"})
"""Errors that come back however often a report is sent: it is too large, or of no valid shape."""
NOT_STORABLE = "the database refuses a report"
_NOT_KEPT = Counter({"NotKept": 1})

Answer = tuple[Response, Counter[str]]
"""The response, and what to count: names of metrics."""


@dataclass(slots=True)
class Stored:
    """How the reports of a request were stored. Threads add to the lists."""

    outcomes: list[Outcome] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Kinds of errors after which the report should be sent again."""
    refused: list[str] = field(default_factory=list)
    """Those of `NEVER`."""


def _now() -> datetime:
    return datetime.now(UTC)


class Receiver:
    """Answers one provider's requests.

    The answer depends on the durable write and on nothing else: 200 once every readable
    report is stored, was stored before, or is older than the state; 5xx only if a write failed that
    may succeed later, so that the provider sends it again. Of a batch every report is tried first.
    """

    def __init__(
        self,
        normalizer: Normalizer,
        store: ReportStore,
        quarantine: Quarantine,
        secret: Secret,
        clock: Callable[[], datetime] = _now,
        visit: Callable[[str], bytes] = fetch,
    ) -> None:
        self._normalizer = normalizer
        self._provider = normalizer.provider
        self._store = store
        self._quarantine = quarantine
        self._secret = secret
        self._clock = clock
        self._visit = visit

    def __call__(self, request: Request) -> Answer:
        """The answer to a request, whatever it holds. Raises nothing but defects of our own."""
        return self._within_bounds(request, self._answer)

    def take(self, request: Request) -> Answer:
        """The same without a proof, for what AWS itself hands over: IAM says who may call."""
        return self._within_bounds(request, self._receive)

    def _within_bounds(
        self, request: Request, answer: Callable[[Request, datetime], Answer]
    ) -> Answer:
        if len(request.body) > MAX_BODY_BYTES:
            detail = f"A report may have {MAX_BODY_BYTES // 1024} KiB."
            return problem(413, "Too large", detail), Counter({"TooLarge": 1})
        try:
            return answer(request, self._clock())
        except (ClientError, BotoCoreError, UnreachableError) as error:
            return _not_stored(_kind_of(error))

    def _answer(self, request: Request, now: datetime) -> Answer:
        ask = self._provider.handshake
        handshake = ask(request) if ask else None
        credentials = self._accepted(request, self._verifier(request, handshake), now)
        if credentials is None:
            return self._refuse(request, now), Counter({"Unauthorized": 1})
        if handshake:
            return self._shake(handshake)
        if request.method == "HEAD":
            return Response(200, {}), Counter({"Probe": 1})
        if request.method not in self._provider.methods:
            allowed = ", ".join(sorted(self._provider.methods))
            answer = problem(405, "Method not allowed", f"Use {allowed}.", {"allow": allowed})
            return answer, Counter({"MethodNotAllowed": 1})
        # also what goes to quarantine: a replay knows nothing of signatures
        return self._receive(self._provider.bound_part(request, credentials), now)

    def _verifier(self, request: Request, handshake: Handshake | None) -> Verifier:
        if handshake and handshake.visit:
            return self._provider.verify_signed
        # these carry nothing, and come before a provider has anything to sign with
        return token_in_path if handshake or request.is_probe else self._provider.verify

    def _shake(self, handshake: Handshake) -> Answer:
        try:
            if handshake.visit:
                self._visit(handshake.visit)
        except ValueError:
            return _unreadable("The address to call refuses."), Counter({"Unreadable": 1})
        return Response(200, handshake.body, handshake.headers), Counter({"Probe": 1})

    def _receive(self, request: Request, now: datetime) -> Answer:
        try:
            normalized = self._normalizer(request, now)
        except UnreadableError as error:
            return self._refuse_unreadable(request, error, now)
        stored = self._store_all(normalized.reports)
        counts = _counts(normalized, stored) + self._keep(
            self._unread(request, normalized, stored), now
        )
        if stored.failed:
            response, not_stored = _not_stored(stored.failed[0])
            return response, counts + not_stored
        unreadable = len(normalized.errors) + len(stored.refused)
        if unreadable and not (stored.outcomes or normalized.ignored):
            return _unreadable(normalized.reason or NOT_STORABLE), counts
        body = {outcome.value: stored.outcomes.count(outcome) for outcome in Outcome}
        rest = {"ignored": normalized.ignored, "unreadable": unreadable}
        answer = self._provider.answer_to(request)
        return Response(answer.status, body | rest, text=answer.text), counts

    def _refuse_unreadable(self, request: Request, error: UnreadableError, now: datetime) -> Answer:
        counts = Counter({"Unreadable": 1})
        if is_compressed(request):  # nobody's number could be found in it
            return _unreadable("The body is compressed."), counts + _NOT_KEPT
        counts += self._keep(
            unread_of(request, str(error), error.errors, self._provider.batch), now
        )
        return _unreadable(str(error)), counts

    def _keep(self, unread: Sequence[Unread], now: datetime) -> Counter[str]:
        """Puts them into quarantine, unless the provider has put too much there in this hour."""
        if not unread:
            return Counter()
        is_kept = self._quarantine.put(self._provider.name, unread, now)
        return Counter() if is_kept else _NOT_KEPT

    def _unread(self, request: Request, normalized: Normalized, stored: Stored) -> list[Unread]:
        """What goes to quarantine. Which item the database refused is not known: then the whole."""
        if stored.refused:
            return [Unread(request, NOT_STORABLE)]
        if not normalized.errors:
            return []
        return unread_of(request, normalized.reason, normalized.errors, self._provider.batch)

    def _store_all(self, reports: Sequence[DeliveryReport]) -> Stored:
        """Tries every report, whatever becomes of the others.

        Messages are written side by side, the reports of one message in turn. A single report is
        written at once: a thread takes longer to start than some writes.
        """
        stored = Stored()
        if len(reports) <= 1:
            self._store_each(reports, stored)
            return stored
        from concurrent.futures import ThreadPoolExecutor

        messages: dict[tuple[str, str | None], list[DeliveryReport]] = defaultdict(list)
        for report in reports:
            messages[report.message_id, report.recipient].append(report)
        with ThreadPoolExecutor(min(MAX_WRITERS, len(messages))) as pool:
            for done in [pool.submit(self._store_each, m, stored) for m in messages.values()]:
                done.result()
        return stored

    def _store_each(self, reports: Sequence[DeliveryReport], stored: Stored) -> None:
        for report in reports:
            try:
                stored.outcomes.append(self._store.put(report, shares_id=self._provider.shares_ids))
            except (ClientError, BotoCoreError) as error:
                kind = _kind_of(error)
                (stored.refused if kind in NEVER else stored.failed).append(kind)

    def _accepted(self, request: Request, verify: Verifier, now: datetime) -> Credentials | None:
        """What verifies the request: the known secrets or, during a rotation, those read again."""
        for tokens in (self._secret.values, self._secret.fresh):
            credentials = Credentials(tokens(), now, self._secret.signing_keys())
            if verify(request, credentials):
                return credentials
        return None

    def _refuse(self, request: Request, now: datetime) -> Response:
        if self._accepted(request, token_in_path, now):
            detail = "The signature is missing, wrong or too old."
            return problem(self._provider.unsigned_status, "Not authorized", detail)
        return problem(401, "Not authorized", "The token in the URL is not this provider's.")


def _unreadable(reason: str) -> Response:
    return problem(400, "Unreadable report", reason)


def _not_stored(kind: str) -> Answer:
    answer = problem(503, "Not stored", "Please send the report again.")
    return answer, Counter({"NotStored": 1, f"NotStored{kind}": 1})


def _counts(normalized: Normalized, stored: Stored) -> Counter[str]:
    counts = Counter(outcome.name.title() for outcome in stored.outcomes)
    counts["Ignored"] = normalized.ignored
    counts["Unreadable"] = len(normalized.errors) + len(stored.refused)
    counts["UnknownCode"] = sum(r.cause is Cause.UNKNOWN for r in normalized.reports)
    counts["NoRecipient"] = sum(r.recipient is None for r in normalized.reports)
    return +counts


def _kind_of(error: Exception) -> str:
    """The error's name; its text may quote what was sent."""
    if isinstance(error, ClientError):
        return str(error.response["Error"]["Code"])
    return type(error).__name__
