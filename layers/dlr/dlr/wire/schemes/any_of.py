"""Several ways to sign with one key."""

from datetime import datetime

from dlr.wire.request import Request
from dlr.wire.verify import Credentials, Scheme


class AnyOf(Scheme):
    """One of several schemes, for a provider that signs in several ways with one key."""

    def __init__(self, *schemes: Scheme) -> None:
        self._schemes = schemes
        self.covers = " or ".join(dict.fromkeys(scheme.covers for scheme in schemes))
        self.key_name = " or ".join(dict.fromkeys(scheme.key_name for scheme in schemes))
        self.recipe = "; or ".join(dict.fromkeys(scheme.recipe for scheme in schemes))
        self.covers_query = all(scheme.covers_query for scheme in schemes)
        self.covers_body = all(scheme.covers_body for scheme in schemes)
        self.headers = tuple(dict.fromkeys(n for scheme in schemes for n in scheme.headers))
        windows = [scheme.window_s for scheme in schemes]
        self.window_s = None if None in windows else max(w for w in windows if w is not None)

    def verify(self, request: Request, credentials: Credentials) -> bool:
        return any(scheme.verify(request, credentials) for scheme in self._schemes)

    def sign(self, request: Request, key: str, now: datetime) -> Request:
        """With the last scheme, which has to be able to sign every sample of the provider."""
        return self._schemes[-1].sign(request, key, now)

    def verifying_key(self, key: str) -> str:
        return self._schemes[0].verifying_key(key)
