"""The suppression list: ask before sending, keep it by hand, settle what the guard holds."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import BaseModel, ConfigDict, Field

import services
from dlr.http.parameters import Note
from dlr.phone import read_typed
from dlr.suppression.admin import HeldResult, Reverted, SuppressRequest, Window, WindowSince
from dlr.suppression.entry import ListName
from dlr.suppression.lookup import Check, CheckAnswer, SuppressionAnswer, answer_of
from dlr.suppression.transfer import Import, Page
from routes.parameters import After, Country, KnownProvider, note_act

BOTH_LISTS = (ListName.NUMBER, ListName.OPT_OUT)

router = Router()


class Lookup(BaseModel):
    """Which number is asked about."""

    number: str = Field(min_length=1, max_length=64, repr=False)


class Addition(SuppressRequest):
    """Which number to put on a list. A body is in nobody's log, a path may be in a proxy's."""

    number: str = Field(min_length=1, max_length=64, repr=False, description="With `+` or `00`")


class Lift(BaseModel):
    """Which number to lift, off one list or off both."""

    model_config = ConfigDict(extra="forbid")

    number: str = Field(min_length=1, max_length=64, repr=False, description="With `+` or `00`")
    list: ListName | None = None


@router.get("/suppressions/held/<provider>", summary="How many entries the mass-bounce guard holds")
def get_held(provider: KnownProvider) -> dict[str, int]:
    n, _ = services.suppressions.count_held(provider)
    return {"held": n}


@router.post("/suppressions/held/<provider>/release", summary="What is held counts from now on")
def release_held(
    provider: KnownProvider,
    window: Annotated[Window | None, Body()] = None,
    after: After = None,
    note: Note = None,
) -> HeldResult:
    return _settle(provider, window or Window(), after, note, dropped=False)


@router.post("/suppressions/held/<provider>/discard", summary="What is held never counts")
def discard_held(
    provider: KnownProvider,
    window: Annotated[WindowSince, Body()],
    after: After = None,
    note: Note = None,
) -> HeldResult:
    return _settle(provider, window, after, note, dropped=True)


def _settle(
    provider: str, window: Window, after: str | None, note: str | None, *, dropped: bool
) -> HeldResult:
    by, now = note_act(router, note, provider), services.now()
    return services.admin.settle_held(provider, window, by, now, dropped=dropped, after=after)


@router.post(
    "/suppressions/revert/<provider>",
    summary="Take back what a provider's reports did in a time, opt-outs too, in parts",
)
def revert(
    provider: KnownProvider,
    window: Annotated[WindowSince, Body()],
    after: After = None,
    note: Note = None,
) -> Reverted:
    by = note_act(router, note, provider)
    return services.admin.revert(provider, window, after, by, services.now())


@router.get("/suppressions/export", summary="The list as CSV, in parts")
def export_suppressions(cursor: After = None) -> Page:
    return services.transfer.export(cursor, services.now())


@router.post(
    "/suppressions/import",
    summary="Put up to 1,000 CSV rows on the list",
    description="The body is CSV with a header: `number` (with `+` or `00`) or `recipient_hash`, "
    "`list` (`number` or `opt_out`), `cause`, `state`. See `docs/operate.md`.",
)
def import_suppressions(country: Country = None, note: Note = None) -> Import:
    by = note_act(router, note)
    text = router.current_event.decoded_body or ""
    return services.transfer.import_csv(text, by, services.now(), country)


@router.post(
    "/suppressions/check", summary="Which of up to 1,000 numbers may not be sent to, and why"
)
def check_suppressions(check: Annotated[Check, Body()]) -> CheckAnswer:
    return services.lookup.check(check.numbers, services.now())


@router.post(
    "/suppressions/lookup",
    summary="Whether a number may be sent to",
    description="As `GET /suppressions/{number}`, with the number in the body: paths are logged.",
)
def lookup_suppression(asked: Annotated[Lookup, Body()]) -> SuppressionAnswer:
    return services.lookup.find(asked.number, services.now())


@router.post(
    "/suppressions/add",
    summary="Put a number on a list by hand",
    description="As `PUT /suppressions/{number}`, with the number in the body.",
)
def add_suppression(wanted: Annotated[Addition, Body()], note: Note = None) -> SuppressionAnswer:
    return put_suppression(wanted.number, wanted, note)


@router.post(
    "/suppressions/lift",
    summary="Lift a number off a list, or off both",
    description="As `DELETE /suppressions/{number}`, with the number in the body.",
)
def lift(asked: Annotated[Lift, Body()], note: Note = None) -> SuppressionAnswer:
    return lift_suppression(asked.number, asked.list, note)


@router.get("/suppressions/<number>", summary="Whether a number may be sent to")
def get_suppression(number: str) -> SuppressionAnswer:
    return services.lookup.find(number, services.now())


@router.put("/suppressions/<number>", summary="Put a number on a list by hand")
def put_suppression(
    number: str, wanted: Annotated[SuppressRequest, Body()], note: Note = None
) -> SuppressionAnswer:
    by = note_act(router, note)
    e164 = read_typed(number)
    at = services.time_of_act(e164)
    return answer_of(services.admin.suppress(e164, wanted.list_name, wanted.cause, by, at).after)


@router.delete("/suppressions/<number>", summary="Lift a number off a list, or off both")
def lift_suppression(
    number: str, list: Annotated[ListName | None, Query()] = None, note: Note = None
) -> SuppressionAnswer:
    by = note_act(router, note)
    lists = (list,) if list else BOTH_LISTS
    e164 = read_typed(number)
    at = services.time_of_act(e164)
    return answer_of(services.admin.lift(e164, lists, by, at).after)
