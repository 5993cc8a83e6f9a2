"""Who is let in."""

import pytest

from dlr.request import Request
from dlr.verify import Credentials, matches_any, token_in_path


@pytest.mark.parametrize(
    ("given", "live", "is_in"),
    [
        ("right", ("right",), True),
        ("old", ("new", "old"), True),
        ("wrong", ("right",), False),
        ("righ", ("right",), False),
        ("", ("right",), False),
        ("", ("",), False),
        ("", (), False),
        ("é", ("right", "é"), True),
    ],
)
def test_only_a_live_token_opens(given: str, live: tuple[str, ...], is_in: bool) -> None:
    assert matches_any(given, live) is is_in
    assert token_in_path(Request("POST", token=given), Credentials(live)) is is_in


def test_credentials_and_requests_do_not_show_their_secrets() -> None:
    assert "hush" not in repr(Credentials(("hush",)))
    assert "hush" not in repr(Request("POST", token="hush", body=b"hush"))
