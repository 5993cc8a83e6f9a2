"""The suppression list: ask before sending, keep it by hand, settle what the guard holds."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

import services
from dlr.phone import read_e164
from dlr.suppression.admin import HeldResult, Import, Page, SuppressRequest
from dlr.suppression.entry import ListName
from dlr.suppression.lookup import Check, CheckAnswer, SuppressionAnswer, answer_of
from dlr.suppression.rules import discard, release
from routes.parameters import After, Operator, Provider

BOTH_LISTS = (ListName.NUMBER, ListName.OPT_OUT)

router = Router()


@router.get("/suppressions/held/<provider>", summary="How many entries the mass-bounce guard holds")
def get_held(provider: Provider) -> dict[str, int]:
    return {"held": sum(1 for _ in services.suppressions.held(provider))}


@router.post("/suppressions/held/<provider>/release", summary="What is held counts from now on")
def release_held(provider: Provider, by: Operator = "admin") -> HeldResult:
    return services.admin.settle_held(provider, release, by, services.now())


@router.post("/suppressions/held/<provider>/discard", summary="What is held never counts")
def discard_held(provider: Provider, by: Operator = "admin") -> HeldResult:
    return services.admin.settle_held(provider, discard, by, services.now())


@router.get("/suppressions/export", summary="The list as CSV, in parts")
def export_suppressions(after: After = None) -> Page:
    return services.admin.export(after, services.now())


@router.post("/suppressions/import", summary="Put up to 1,000 CSV rows on the list")
def import_suppressions(by: Operator = "admin") -> Import:
    return services.admin.import_csv(router.current_event.decoded_body or "", by, services.now())


@router.post(
    "/suppressions/check", summary="Which of up to 1,000 numbers may not be sent to, and why"
)
def check_suppressions(check: Annotated[Check, Body()]) -> CheckAnswer:
    return services.lookup.check(check.numbers, services.now())


@router.get("/suppressions/<number>", summary="Whether a number may be sent to")
def get_suppression(number: str) -> SuppressionAnswer:
    return services.lookup.find(number, services.now())


@router.put("/suppressions/<number>", summary="Put a number on a list by hand")
def put_suppression(
    number: str, wanted: Annotated[SuppressRequest, Body()], by: Operator = "admin"
) -> SuppressionAnswer:
    hashes, now = services.hasher.every_hash(read_e164(number)), services.now()
    return answer_of(services.admin.suppress(hashes, wanted.list, wanted.cause, by, now), now)


@router.delete("/suppressions/<number>", summary="Lift a number off a list, or off both")
def lift_suppression(
    number: str, list: Annotated[ListName | None, Query()] = None, by: Operator = "admin"
) -> SuppressionAnswer:
    hashes, now = services.hasher.every_hash(read_e164(number)), services.now()
    lists = (list,) if list else BOTH_LISTS
    return answer_of(services.admin.lift(hashes, lists, by, now), now)
