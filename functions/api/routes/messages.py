"""One message: its state and every report kept of it."""

from aws_lambda_powertools.event_handler.api_gateway import Router

import services
from dlr.messages.view import MessageAnswer, find_message
from routes.parameters import AnyMessageId, MessageId, NotKeptError, Provider

router = Router()


@router.get(
    "/messages/<provider>",
    summary="State and history of a message, by any id",
    description="For every id, also one that a path cannot hold: with `/`, `#`, `?`, `%`, `\\`.",
)
def query_message(provider: Provider, message_id: AnyMessageId) -> MessageAnswer:
    return get_message(provider, message_id)


@router.get("/messages/<provider>/<message_id>", summary="State and history of a message")
def get_message(provider: Provider, message_id: MessageId) -> MessageAnswer:
    answer = find_message(services.reports, provider, message_id, services.now())
    if answer is None:
        raise NotKeptError("message")
    return answer
