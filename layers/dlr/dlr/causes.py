"""Why a message failed, and what that says about the number: the one table.

Three axes that are never mixed: `Cause` is the reason, `permanent` (a field of the report) is the
provider's verdict on the *message*, and `Action` is what to do with the *number*. A provider module
names causes only; bounce and action follow from `TABLE`, so no module can suppress by accident.
"""

from enum import StrEnum
from typing import NamedTuple


class Cause(StrEnum):
    """Why the message failed, in one vocabulary for all providers."""

    INVALID_NUMBER = "invalid_number"
    UNKNOWN_SUBSCRIBER = "unknown_subscriber"
    NOT_SMS_CAPABLE = "not_sms_capable"
    PORTED_OUT = "ported_out"
    SUSPENDED = "suspended"
    BLACKLISTED = "blacklisted"
    BARRED = "barred"
    PLAN_RESTRICTED = "plan_restricted"
    DOUBTFUL_NUMBER = "doubtful_number"
    OPTED_OUT = "opted_out"
    DO_NOT_DISTURB = "do_not_disturb"
    ABSENT = "absent"
    HANDSET_ERROR = "handset_error"
    BUSY = "busy"
    PORTING = "porting"
    ROAMING = "roaming"
    NETWORK_ERROR = "network_error"
    EXPIRED = "expired"
    UNROUTABLE = "unroutable"
    SPAM = "spam"
    CONTENT = "content"
    INVALID_MESSAGE = "invalid_message"
    SENDER_REJECTED = "sender_rejected"
    NOT_REGISTERED = "not_registered"
    RATE_LIMITED = "rate_limited"
    INSUFFICIENT_CREDIT = "insufficient_credit"
    ACCOUNT_SUSPENDED = "account_suspended"
    COUNTRY_BLOCKED = "country_blocked"
    AUTHENTICATION = "authentication"
    INVALID_REQUEST = "invalid_request"
    PROVIDER_ERROR = "provider_error"
    CANCELLED = "cancelled"
    UNSPECIFIED = "unspecified"
    UNKNOWN = "unknown"
    NONE = "none"


class Bounce(StrEnum):
    """The class of a cause. Only `hard` and `opt_out` concern the number or the person."""

    HARD = "hard"
    OPT_OUT = "opt_out"
    SOFT = "soft"
    BLOCK = "block"
    ADMIN = "admin"
    UNDETERMINED = "undetermined"
    NONE = "none"


class Action(StrEnum):
    """What the suppression list does with the number."""

    SUPPRESS_NUMBER = "suppress_number"
    SUPPRESS_OPT_OUT = "suppress_opt_out"
    STRIKE = "strike"
    KEEP = "keep"


class Policy(StrEnum):
    """What suppresses a number: its cause, or also the provider's `permanent` verdict."""

    CAUSE = "cause"
    PROVIDER = "provider"


class Actions(NamedTuple):
    """What a cause does to the number, by the provider's verdict on the message."""

    permanent: Action
    silent: Action
    temporary: Action


def _always(action: Action) -> Actions:
    return Actions(action, action, action)


_KEEP = _always(Action.KEEP)

# Scope, causes, bounce, and the action by the provider's verdict: permanent, silent, temporary.
TABLE: tuple[tuple[str, tuple[Cause, ...], Bounce, Actions], ...] = (
    (
        "number",
        (
            Cause.INVALID_NUMBER,
            Cause.UNKNOWN_SUBSCRIBER,
            Cause.NOT_SMS_CAPABLE,
            Cause.PORTED_OUT,
            Cause.SUSPENDED,
            Cause.BLACKLISTED,
        ),
        Bounce.HARD,
        _always(Action.SUPPRESS_NUMBER),
    ),
    (
        "number, in doubt",
        (Cause.BARRED, Cause.PLAN_RESTRICTED, Cause.DOUBTFUL_NUMBER),
        Bounce.UNDETERMINED,
        Actions(Action.STRIKE, Action.STRIKE, Action.KEEP),
    ),
    (
        "recipient's choice",
        (Cause.OPTED_OUT, Cause.DO_NOT_DISTURB),
        Bounce.OPT_OUT,
        _always(Action.SUPPRESS_OPT_OUT),
    ),
    (
        "reach, for now",
        (Cause.ABSENT, Cause.HANDSET_ERROR, Cause.BUSY, Cause.PORTING, Cause.ROAMING),
        Bounce.SOFT,
        _KEEP,
    ),
    (
        "network, for now",
        (Cause.NETWORK_ERROR, Cause.EXPIRED, Cause.UNROUTABLE),
        Bounce.SOFT,
        _KEEP,
    ),
    ("message", (Cause.SPAM, Cause.CONTENT, Cause.INVALID_MESSAGE), Bounce.BLOCK, _KEEP),
    (
        "sender",
        (Cause.SENDER_REJECTED, Cause.NOT_REGISTERED, Cause.RATE_LIMITED),
        Bounce.BLOCK,
        _KEEP,
    ),
    (
        "account",
        (
            Cause.INSUFFICIENT_CREDIT,
            Cause.ACCOUNT_SUSPENDED,
            Cause.COUNTRY_BLOCKED,
            Cause.AUTHENTICATION,
            Cause.INVALID_REQUEST,
            Cause.PROVIDER_ERROR,
        ),
        Bounce.ADMIN,
        _KEEP,
    ),
    (
        "no reason given",
        (Cause.CANCELLED, Cause.UNSPECIFIED),
        Bounce.UNDETERMINED,
        Actions(Action.STRIKE, Action.KEEP, Action.KEEP),
    ),
    ("never seen", (Cause.UNKNOWN,), Bounce.UNDETERMINED, _KEEP),
    ("no failure", (Cause.NONE,), Bounce.NONE, _KEEP),
)

BOUNCE: dict[Cause, Bounce] = {c: bounce for _, causes, bounce, _ in TABLE for c in causes}
_ACTION: dict[tuple[Cause, bool | None], Action] = {
    (cause, verdict): action
    for _, causes, _, actions in TABLE
    for cause in causes
    for verdict, action in zip((True, None, False), actions, strict=True)
}
CAN_STRIKE: frozenset[Cause] = frozenset(
    cause for (cause, _), action in _ACTION.items() if action is Action.STRIKE
)
"""The causes that leave the number open, so that the provider's verdict decides."""


def action_for(cause: Cause, permanent: bool | None, policy: Policy) -> Action:
    """What a failure with this cause and this provider's verdict does to the number.

    Policy `provider` adds one rule to the table: a failure that the provider calls permanent
    suppresses the number, whatever the cause. An opt-out stays an opt-out under both.
    """
    action = _ACTION[cause, permanent]
    if cause is Cause.NONE or action is Action.SUPPRESS_OPT_OUT:
        return action
    if policy is Policy.PROVIDER and permanent:
        return Action.SUPPRESS_NUMBER
    return action
