"""Whether an order's token may still see people's numbers, when its files are written."""

from collections.abc import Callable
from datetime import datetime

from dlr.access.authorize import ADMIN_PREFIX, OIDC_PREFIX
from dlr.access.scopes import Scope
from dlr.access.tokens import Token, TokenStore
from dlr.exports.job import Order


class StoredScopes:
    """Asks the tokens anew each time.

    Of the admin token and of a user of the identity provider nothing is stored that could be asked:
    their scope counts as it was when they gave the order.
    """

    def __init__(self, tokens: TokenStore, clock: Callable[[], datetime]) -> None:
        self._tokens = tokens
        self._clock = clock

    def __call__(self, order: Order) -> bool:
        """Raises botocore's errors."""
        if _is_nowhere(order.token_id):
            return True
        token = self._live(order.token_id)
        if token is None or not token.caller().has(Scope.PII):
            return False
        return not token.parent or _is_nowhere(token.parent) or self._live(token.parent) is not None

    def _live(self, token_id: str) -> Token | None:
        token = self._tokens.get(token_id)
        return token if token is not None and token.is_live(self._clock()) else None


def _is_nowhere(token_id: str) -> bool:
    return token_id.startswith((ADMIN_PREFIX, OIDC_PREFIX))
