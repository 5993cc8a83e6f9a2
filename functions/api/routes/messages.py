"""One message: its state and every report kept of it."""

from aws_lambda_powertools.event_handler.api_gateway import Router

import services
from dlr.access.scopes import Scope
from dlr.http.api import caller_in
from dlr.http.problem import Problem, ProblemError
from dlr.messages.view import MessageAnswer, find_message, without_person
from dlr.phone import read_typed
from routes.parameters import AnyMessageId, MessageId, Provider, Recipient, not_kept

router = Router()
WITHOUT = "Who has no scope `pii` gets no recipient, and none of the texts that may hold one; "
"`recipient` is refused: it would tell who has the message."


@router.get(
    "/messages/<provider>",
    summary="State and history of a message, by any id",
    description="For every id, also one that a path cannot hold: with `/`, `#`, `?`, `%`, `\\`. "
    + WITHOUT,
)
def query_message(
    provider: Provider, message_id: AnyMessageId, recipient: Recipient = None
) -> MessageAnswer:
    return get_message(provider, message_id, recipient)


@router.get(
    "/messages/<provider>/<message_id>",
    summary="State and history of a message",
    description=WITHOUT,
)
def get_message(
    provider: Provider, message_id: MessageId, recipient: Recipient = None
) -> MessageAnswer:
    sees_numbers = caller_in(router).has(Scope.PII)
    if recipient and not sees_numbers:
        raise ProblemError(Problem.REFUSED, "To ask by recipient needs a token with scope `pii`.")
    hashes = services.hasher.every_hash(read_typed(recipient)) if recipient else ()
    answer = find_message(services.reports, provider, message_id, services.now(), hashes)
    if answer is None:
        raise not_kept("message")
    return answer if sees_numbers else without_person(answer)
