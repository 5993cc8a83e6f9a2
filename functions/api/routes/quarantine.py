"""Requests that could not be read: list, replay, discard."""

from aws_lambda_powertools.event_handler.api_gateway import Router

import services
from dlr.ingest.quarantine import QuarantinePage
from dlr.ingest.replay import Replayed
from routes.parameters import After, NotKeptError, Operator, QuarantineId, note_act

router = Router()


@router.get("/quarantine", summary="The requests that could not be read, in parts")
def list_quarantine(after: After = None) -> QuarantinePage:
    return services.quarantine.page(after, services.now())


@router.post("/quarantine/<id>/replay", summary="Read a request again with the deployed code")
def replay_quarantined(id: QuarantineId, by: Operator = "admin") -> Replayed:
    note_act(by, id)
    answer = services.replay(id, services.now())
    if answer is None:
        raise NotKeptError("request")
    return answer


@router.delete("/quarantine/<id>", summary="Discard a request")
def discard_quarantined(id: QuarantineId, by: Operator = "admin") -> dict[str, str]:
    note_act(by, id)
    services.quarantine.delete(id)
    return {"discarded": id}
