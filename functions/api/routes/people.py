"""One person: access and erasure by number."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel, Field

import services
from dlr.http.parameters import Note
from dlr.people import Erased, PersonalDataExport, Repeated
from dlr.phone import read_typed
from routes.parameters import After, note_act

router = Router()


class Person(BaseModel):
    """Who is asked about. A body is in nobody's log, a path may be in a proxy's."""

    number: str = Field(min_length=1, max_length=64, repr=False, description="With `+` or `00`")


@router.post("/people/lookup", summary="Everything stored about a person")
def lookup_person(person: Annotated[Person, Body()]) -> PersonalDataExport:
    return services.personal_data.export(read_typed(person.number), services.now())


@router.post("/people/erase", summary="Erase a person; who is suppressed stays so")
def erase_person(person: Annotated[Person, Body()], note: Note = None) -> Erased:
    by = note_act(router, note)
    return services.personal_data.erase(read_typed(person.number), services.now(), by)


@router.get("/recipients/<number>", summary="Everything stored about a person")
def get_recipient(number: str) -> PersonalDataExport:
    return services.personal_data.export(read_typed(number), services.now())


@router.delete("/recipients/<number>", summary="Erase a person; who is suppressed stays so")
def erase_recipient(number: str, note: Note = None) -> Erased:
    by = note_act(router, note)
    return services.personal_data.erase(read_typed(number), services.now(), by)


@router.post("/erasures/repeat", summary="Do the noted erasures again, after a restore, in parts")
def repeat_erasures(after: After = None, note: Note = None) -> Repeated:
    note_act(router, note)
    return services.personal_data.repeat(after, services.now())
