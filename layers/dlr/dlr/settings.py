"""The functions' settings, which the template puts into their environment."""

import os
from dataclasses import replace
from datetime import timedelta

from dlr.causes import Policy
from dlr.ingest.normalize import Normalizer
from dlr.messages.store import Retention
from dlr.phone import RecipientHasher
from dlr.providers.base import load_provider

VERSION = "0.1.0"
"""Of the layer; pyproject.toml has the same."""


def days(name: str) -> timedelta:
    """A number of days. Raises KeyError or ValueError where it is missing or no number."""
    return timedelta(days=float(os.environ[name]))


def retention() -> Retention:
    """How long reports are kept, by the state of their message."""
    return Retention(
        delivered=days("RETENTION_DELIVERED_DAYS"),
        failed=days("RETENTION_FAILED_DAYS"),
        unfinished=days("RETENTION_UNFINISHED_DAYS"),
    )


def normalizer(provider: str, hasher: RecipientHasher) -> Normalizer:
    """For one provider, under the policy and the SMPP error table that were deployed."""
    policy = Policy(os.environ["SUPPRESSION_POLICY"])
    loaded = load_provider(provider, os.environ["SMPP_ERR_TABLE"])
    if os.environ.get("REQUIRE_SIGNATURES") == "yes":  # only where webhooks come in
        loaded = replace(loaded, needs_signature=True)
    return Normalizer(loaded, policy, hasher)
