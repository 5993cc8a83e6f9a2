"""Secrets rotate without a refused request, and no secret means no service."""

import json

import pytest
from botocore.exceptions import ClientError

from dlr.runtime.secret import HARD_MAX_AGE_S, MAX_AGE_S, REFUSALS, Secret
from tests.support.secrets import SecretsManager, value


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_current_value_comes_first_and_all_are_live() -> None:
    assert Secret(SecretsManager(value("new", "old")), "arn").values() == ("new", "old")


def test_a_secret_is_read_once_in_five_minutes() -> None:
    manager, clock = SecretsManager(value("a")), Clock()
    secret = Secret(manager, "arn", clock)
    secret.values()
    clock.now += MAX_AGE_S
    secret.values()
    assert manager.reads == 1
    clock.now += 1
    secret.values()
    assert manager.reads == 2


def test_a_rotated_value_is_found_at_once_and_wrong_tokens_cause_no_further_reads() -> None:
    manager, clock = SecretsManager(value("old")), Clock()
    secret = Secret(manager, "arn", clock)
    secret.values()
    clock.now += 2
    manager.text = value("new", "old")
    assert secret.fresh() == ("new", "old")
    for _ in range(100):
        secret.fresh()
    assert manager.reads == 2


def test_the_known_value_outlives_a_failure_of_secrets_manager() -> None:
    manager, clock = SecretsManager(value("a")), Clock()
    secret = Secret(manager, "arn", clock)
    secret.values()
    manager.text, clock.now = None, clock.now + MAX_AGE_S + 1
    assert secret.values() == ("a",)


def test_no_failure_of_secrets_manager_is_bridged_for_longer_than_the_hard_maximum_age() -> None:
    manager, clock = SecretsManager(value("a")), Clock()
    secret = Secret(manager, "arn", clock)
    secret.values()
    began, manager.text = clock.now, None
    while clock.now + MAX_AGE_S + 1 < began + HARD_MAX_AGE_S:
        clock.now += MAX_AGE_S + 1
        assert secret.values() == ("a",)
    clock.now = began + HARD_MAX_AGE_S + MAX_AGE_S + 1
    for read in (secret.values, secret.fresh, secret.signing_keys):
        with pytest.raises(ConnectionError):
            read()
    manager.text = value("b")
    assert secret.values() == ("b",)


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_a_secret_that_was_taken_away_is_refused_when_it_is_read_again(code: str) -> None:
    manager, clock = SecretsManager(value("a")), Clock()
    secret = Secret(manager, "arn", clock)
    secret.values()
    manager.code, clock.now = code, clock.now + MAX_AGE_S + 1
    for read in (secret.values, secret.fresh, secret.signing_keys):
        with pytest.raises(ClientError):
            read()
    manager.code = None
    assert secret.values() == ("a",)


def test_a_throttled_read_is_no_refusal() -> None:
    manager, clock = SecretsManager(value("a")), Clock()
    secret = Secret(manager, "arn", clock)
    secret.values()
    manager.code, clock.now = "ThrottlingException", clock.now + MAX_AGE_S + 1
    assert secret.values() == ("a",)


@pytest.mark.parametrize("text", ["{}", '{"current": ""}', '{"current": null, "previous": [""]}'])
def test_a_secret_without_a_value_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="refusing to serve"):
        Secret(SecretsManager(text), "arn").values()


def test_signing_keys_stand_beside_the_values_and_are_refreshed_with_them() -> None:
    manager, clock = SecretsManager(value("token")), Clock()
    secret = Secret(manager, "arn", clock)
    assert secret.signing_keys() == ()
    clock.now += 2
    manager.text = '{"current": "token", "signing_keys": ["new", "old", ""]}'
    assert secret.fresh() == ("token",)
    assert secret.signing_keys() == ("new", "old", "")
    assert manager.reads == 2


@pytest.mark.parametrize("name", ["previous", "signing_keys"])
@pytest.mark.parametrize("content", ["one string", {"a": 1}, [1], None])
def test_what_is_no_list_of_strings_is_refused(name: str, content: object) -> None:
    """A string would be taken apart into keys of one letter."""
    text = json.dumps({"current": "token", name: content})
    with pytest.raises(ValueError, match=f"{name} is no list of strings"):
        Secret(SecretsManager(text), "arn").values()


def test_a_failure_at_the_first_read_is_raised() -> None:
    with pytest.raises(ConnectionError):
        Secret(SecretsManager(None), "arn").values()
