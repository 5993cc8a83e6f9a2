"""SignalWire's two ways: one for its own API's JSON, one for the form of its compatible API."""

from dlr.wire.schemes.any_of import AnyOf
from dlr.wire.schemes.form import Form, TwilioUrl
from dlr.wire.schemes.url_body import HmacUrlBody

KEY = "the project's signing key, `PSK_…`"
_SIGNATURE, _TWILIOS = "x-signalwire-signature", "x-twilio-signature"
_SHA256 = "x-signalwire-sha256-signature"


def _in_their_order(form: Form) -> str:
    """Names and values, sorted by name; the values of one name in the order in which they came."""
    return "".join(name + value for name, value in sorted(form, key=lambda pair: pair[0]))


class SignalWireForm(TwilioUrl):
    """Base64 HMAC-SHA1 of the public URL and the form, as Twilio's, whose header is an alias."""

    key_name = KEY
    recipe = TwilioUrl.recipe.replace("X-Twilio-Signature", "X-SignalWire-Signature")

    def __init__(self) -> None:
        super().__init__((_SIGNATURE, _TWILIOS), ("sha1",), _in_their_order)


class SignalWire(AnyOf):
    """`X-SignalWire-Signature` of either kind; also SHA-256, which newer platforms send beside it.

    https://github.com/signalwire/porting-sdk, webhooks.md
    """

    def __init__(self) -> None:
        own = HmacUrlBody({_SHA256: "sha256", _SIGNATURE: "sha1", _TWILIOS: "sha1"}, KEY)
        super().__init__(own, SignalWireForm())
