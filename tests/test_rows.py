"""Every row of every table is what some request leads to: no key that no payload can equal."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote_plus

import pytest

from dlr.ingest.normalize import Normalizer
from dlr.providers.base import load_provider, provider_names
from dlr.providers.codes import FOLDER, CodeTables, Meaning, read_rows
from dlr.wire.decode import UnreadableError
from dlr.wire.request import Request
from local.recordings import NOW, Recording, recordings_of


class Asked(dict[str, Meaning]):
    """A table that notes which keys it was asked for."""

    def __init__(self, table: dict[str, Meaning]) -> None:
        super().__init__(table)
        self.keys_asked: set[str] = set()

    def get(self, key: str, default: Meaning | None = None) -> Meaning | None:  # type: ignore[override]
        self.keys_asked.add(key)
        return super().get(key, default)


def with_key(case: Recording, sent: str, key: str) -> Iterator[Request]:
    """The recorded request with another word or code in the place of the one that it has."""
    for part in {key, *re.split("[ /]", key)}:
        for text in (str, quote_plus):
            whole, new = rf"(?<![\w%]){re.escape(text(sent))}(?!\w)", text(part)
            query = re.sub(whole, lambda _, new=new: new, case.request.query)
            body = re.sub(whole, lambda _, new=new: new, case.request.body.decode())
            yield replace(case.request, query=query, body=body.encode())


def told(case: Recording) -> Iterator[str]:
    """The words and codes in the request."""
    for report in Normalizer(load_provider(case.provider))(case.request, NOW).reports:
        yield from filter(None, (report.provider_code, report.provider_status))
        yield from re.findall(r"\b\d{1,4}\b", f"{report.provider_code} {report.provider_status}")


@pytest.mark.parametrize("name", provider_names())
def test_every_row_can_be_reached_by_a_request(name: str) -> None:
    provider = load_provider(name)
    asked = {"status": Asked(provider.tables.statuses), "code": Asked(provider.tables.codes or {})}
    codes = asked["code"] if provider.tables.codes else None
    normalize = Normalizer(replace(provider, tables=CodeTables(asked["status"], codes)))
    cases = [case for case in recordings_of(name) if case.status == 200 and case.reports]
    for case in cases:
        normalize(case.request, NOW)
    places = [(sent, case) for case in cases for sent in sorted({*told(case)})]
    unreached = []
    for row in read_rows(FOLDER / f"{name}.csv"):
        requests = (r for sent, case in places for r in with_key(case, sent, row.key))
        while row.key.lower() not in asked[row.kind].keys_asked:
            try:
                normalize(next(requests), NOW)
            except UnreadableError:
                continue
            except StopIteration:
                unreached.append(row.key)
                break
    assert not unreached
