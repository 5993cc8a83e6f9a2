"""Why a message failed, and what that says about the number: the one table.

Three axes that are never mixed: `Cause` is the reason, `permanent` (a field of the report) is the
provider's verdict on the *message*, and `Action` is what to do with the *number*. A provider module
names causes only; bounce and action follow from `TABLE`, so no module can suppress by accident.
"""

from enum import StrEnum


class Cause(StrEnum):
    """Why the message failed, in one vocabulary for all providers."""

    INVALID_NUMBER = "invalid_number"
    UNKNOWN_SUBSCRIBER = "unknown_subscriber"
    NOT_SMS_CAPABLE = "not_sms_capable"
    PORTED_OUT = "ported_out"
    SUSPENDED = "suspended"
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


# Scope, causes, bounce, action. `STRIKE` counts only where the provider says "permanent".
TABLE: tuple[tuple[str, tuple[Cause, ...], Bounce, Action], ...] = (
    (
        "number",
        (
            Cause.INVALID_NUMBER,
            Cause.UNKNOWN_SUBSCRIBER,
            Cause.NOT_SMS_CAPABLE,
            Cause.PORTED_OUT,
            Cause.SUSPENDED,
        ),
        Bounce.HARD,
        Action.SUPPRESS_NUMBER,
    ),
    (
        "recipient's choice",
        (Cause.OPTED_OUT, Cause.DO_NOT_DISTURB),
        Bounce.OPT_OUT,
        Action.SUPPRESS_OPT_OUT,
    ),
    (
        "reach, for now",
        (Cause.ABSENT, Cause.HANDSET_ERROR, Cause.BUSY, Cause.PORTING, Cause.ROAMING),
        Bounce.SOFT,
        Action.KEEP,
    ),
    (
        "network, for now",
        (Cause.NETWORK_ERROR, Cause.EXPIRED, Cause.UNROUTABLE),
        Bounce.SOFT,
        Action.KEEP,
    ),
    ("message", (Cause.SPAM, Cause.CONTENT, Cause.INVALID_MESSAGE), Bounce.BLOCK, Action.KEEP),
    (
        "sender",
        (Cause.SENDER_REJECTED, Cause.NOT_REGISTERED, Cause.RATE_LIMITED),
        Bounce.BLOCK,
        Action.KEEP,
    ),
    (
        "account",
        (
            Cause.INSUFFICIENT_CREDIT,
            Cause.AUTHENTICATION,
            Cause.INVALID_REQUEST,
            Cause.PROVIDER_ERROR,
        ),
        Bounce.ADMIN,
        Action.KEEP,
    ),
    ("no reason given", (Cause.CANCELLED, Cause.UNSPECIFIED), Bounce.UNDETERMINED, Action.STRIKE),
    ("never seen", (Cause.UNKNOWN,), Bounce.UNDETERMINED, Action.KEEP),
    ("no failure", (Cause.NONE,), Bounce.NONE, Action.KEEP),
)

BOUNCE: dict[Cause, Bounce] = {c: bounce for _, causes, bounce, _ in TABLE for c in causes}
_ACTION: dict[Cause, Action] = {c: action for _, causes, _, action in TABLE for c in causes}


def action_for(cause: Cause, permanent: bool | None, policy: Policy) -> Action:
    """What a failure with this cause and this provider's verdict does to the number.

    Policy `provider` adds one rule to the table: a failure that the provider calls permanent
    suppresses the number, whatever the cause. An opt-out stays an opt-out under both.
    """
    action = _ACTION[cause]
    if cause is Cause.NONE or action is Action.SUPPRESS_OPT_OUT:
        return action
    if policy is Policy.PROVIDER and permanent:
        return Action.SUPPRESS_NUMBER
    if action is Action.STRIKE and not permanent:
        return Action.KEEP
    return action
