"""One person: access and erasure by number."""

from aws_lambda_powertools.event_handler.api_gateway import Router

import services
from dlr.people import Erased, PersonalDataExport, Repeated
from dlr.phone import read_typed
from routes.parameters import After, Operator, note_act

router = Router()


@router.get("/recipients/<number>", summary="Everything stored about a person")
def get_recipient(number: str) -> PersonalDataExport:
    return services.personal_data.export(read_typed(number), services.now())


@router.delete("/recipients/<number>", summary="Erase a person; who is suppressed stays so")
def erase_recipient(number: str, by: Operator = "admin") -> Erased:
    note_act(by)
    return services.personal_data.erase(read_typed(number), services.now(), by)


@router.post("/erasures/repeat", summary="Do the noted erasures again, after a restore, in parts")
def repeat_erasures(after: After = None, by: Operator = "admin") -> Repeated:
    note_act(by)
    return services.personal_data.repeat(after, services.now())
