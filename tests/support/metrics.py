"""Reads metrics out of log lines, as CloudWatch does."""

import json
from collections.abc import Iterable, Iterator

from local.stack import STACK
from tests.support.template import Metric


def written_in(lines: Iterable[str]) -> Iterator[Metric]:
    """Every metric of the lines that are in CloudWatch's embedded format."""
    for line in lines:
        content = json.loads(line) if line.startswith('{"_aws"') else {"_aws": {}}
        for each in content["_aws"].get("CloudWatchMetrics", ()):
            assert each["Namespace"] == STACK
            (names,) = each["Dimensions"]
            dimensions = frozenset((name, content[name]) for name in names)
            for metric in each["Metrics"]:
                assert content[metric["Name"]], "a metric without a value"
                yield metric["Name"], dimensions
