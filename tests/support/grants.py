"""Whether a role of the template may call DynamoDB, by its conditions too.

The embedded AWS does not know these: there they let everything pass.
"""

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from tests.support.template import as_list, resources

_QUERIED = re.compile(r"\bpk = (:\w+)")
_WORD = re.compile(r"(?<![:#\w])[a-z]\w*")
_FUNCTIONS = {"if_not_exists", "attribute_exists", "attribute_not_exists", "size"}


class Access(NamedTuple):
    """What a call does in a table: the keys that it names, what it writes or compares."""

    action: str
    table: str
    keys: frozenset[str]
    attributes: frozenset[str] = frozenset()

    @property
    def values(self) -> Mapping[str, frozenset[str]]:
        """By the condition key that IAM knows them by."""
        return {"dynamodb:LeadingKeys": self.keys, "dynamodb:Attributes": self.attributes}


def is_allowed(role: str, access: Access) -> bool:
    """Whether one statement of the role allows all of it."""
    (policy,) = resources()[role]["Properties"]["Policies"]
    return any(
        f"dynamodb:{access.action}" in as_list(statement["Action"])
        and {"Fn::GetAtt": [access.table, "Arn"]} in as_list(statement["Resource"])
        and all(_holds(*each, access) for each in statement.get("Condition", {}).items())
        for statement in policy["PolicyDocument"]["Statement"]
    )


def _holds(operator: str, wanted: Mapping[str, Any], access: Access) -> bool:
    """Knows the operators that the template has."""
    if operator == "StringEqualsIfExists":
        return set(wanted) == {"dynamodb:ReturnValues"}  # nobody asks for more than these
    is_like = {"ForAllValues:StringLike": fnmatchcase, "ForAllValues:StringEquals": str.__eq__}
    return all(
        any(is_like[operator](value, pattern) for pattern in as_list(patterns))
        for name, patterns in wanted.items()
        for value in access.values[name]
    )


def accesses(operation: str, body: bytes, tables: Mapping[str, str]) -> Iterator[Access]:
    """What a request to DynamoDB does. `tables` gives a table's logical id by its name."""
    request = json.loads(body)
    if operation == "TransactWriteItems":
        for step in request["TransactItems"]:
            for action, part in step.items():
                yield _one(f"{action}Item", part, tables)
    elif operation == "BatchGetItem":
        for table, wanted in request["RequestItems"].items():
            keys = frozenset(next(iter(key.values()))["S"] for key in wanted["Keys"])
            yield Access(operation, tables[table], keys)
    else:
        yield _one(operation, request, tables)


def _one(action: str, part: Mapping[str, Any], tables: Mapping[str, str]) -> Access:
    key: Mapping[str, Any] = part.get("Key", part.get("Item", {}))
    keys = {key["pk"]["S"]} if "pk" in key else set()
    if action == "Query":
        names = _QUERIED.findall(part["KeyConditionExpression"])
        keys = {part["ExpressionAttributeValues"][name]["S"] for name in names}
    words = {
        word
        for name in ("UpdateExpression", "ConditionExpression")
        for word in _WORD.findall(part.get(name, ""))
    }
    table = tables[part["TableName"]]
    return Access(action, table, frozenset(keys), frozenset(words | key.keys()) - _FUNCTIONS)
