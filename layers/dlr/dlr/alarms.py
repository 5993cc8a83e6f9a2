"""The stack's alarms, as CloudWatch knows them."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

_OWN = re.compile(r"([A-Za-z0-9]+)-[A-Za-z0-9]+", re.ASCII)
"""After the stack's name: the logical id, and CloudFormation's random part."""


class AlarmState(StrEnum):
    """As an operator reads it."""

    OK = "ok"
    ALARM = "alarm"
    UNKNOWN = "unknown"


STATES = {"OK": AlarmState.OK, "ALARM": AlarmState.ALARM}


class Alarm(BaseModel):
    """One alarm."""

    name: str = Field(description="its logical id in the template")
    state: AlarmState
    since: datetime | None
    says: str = Field(description="what it means and what to do")


class Alarms:
    """Those of one stack. `client` is a boto3 CloudWatch client; `stack` the stack's id."""

    def __init__(self, client: Any, stack: str) -> None:
        self._client = client
        self._prefix = f"{stack.split('/')[1] if '/' in stack else stack}-"

    def __call__(self) -> list[Alarm]:
        """All of them, those that went off first."""
        pages = self._client.get_paginator("describe_alarms").paginate(AlarmNamePrefix=self._prefix)
        found = [
            Alarm(
                name=match[1],
                state=STATES.get(each["StateValue"], AlarmState.UNKNOWN),
                since=each.get("StateTransitionedTimestamp") or each.get("StateUpdatedTimestamp"),
                says=each.get("AlarmDescription", ""),
            )
            for page in pages
            for each in page["MetricAlarms"]
            if (match := _OWN.fullmatch(each["AlarmName"].removeprefix(self._prefix)))
        ]
        return sorted(found, key=lambda alarm: (alarm.state is not AlarmState.ALARM, alarm.name))
