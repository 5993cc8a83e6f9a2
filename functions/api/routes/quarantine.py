"""Requests that could not be read: list, replay, discard."""

from aws_lambda_powertools.event_handler.api_gateway import Router

import services
from dlr.http.parameters import Limit, Note
from dlr.ingest.quarantine import PAGE, QuarantinePage
from dlr.ingest.replay import Replayed
from routes.parameters import After, QuarantineId, not_kept, note_act

router = Router()


@router.get("/quarantine", summary="The requests that could not be read, in parts")
def list_quarantine(cursor: After = None, limit: Limit = PAGE) -> QuarantinePage:
    return services.quarantine.page(cursor, services.now(), limit)


@router.post("/quarantine/<id>/replay", summary="Read a request again with the deployed code")
def replay_quarantined(id: QuarantineId, note: Note = None) -> Replayed:
    note_act(router, note, id)
    answer = services.replay(id, services.now())
    if answer is None:
        raise not_kept("request")
    return answer


@router.delete("/quarantine/<id>", summary="Discard a request")
def discard_quarantined(id: QuarantineId, note: Note = None) -> dict[str, str]:
    note_act(router, note, id)
    services.quarantine.delete(id)
    return {"discarded": id}
