"""SMPP receipt texts as they are met in the wild."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlr.providers.receipt_text import read_receipt

CANONICAL = (
    "id:MSGID sub:001 dlvrd:001 submit date:2502141030 done date:2502141030 "
    "stat:DELIVRD err:000 text:Hello World"
)


def test_the_form_of_appendix_b() -> None:
    assert read_receipt(CANONICAL) == {
        "id": "MSGID",
        "sub": "001",
        "dlvrd": "001",
        "submit date": "2502141030",
        "done date": "2502141030",
        "stat": "DELIVRD",
        "err": "000",
        "text": "Hello World",
    }


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("stat:DELIVRD", {"stat": "DELIVRD"}),
        ("err:001 stat:UNDELIV id:7", {"err": "001", "stat": "UNDELIV", "id": "7"}),
        ("ID:7 STAT:delivrd Text:hi", {"id": "7", "stat": "delivrd", "text": "hi"}),
        ("id: sub:001 stat:DELIVRD", {"id": "", "sub": "001", "stat": "DELIVRD"}),
        ("id:a:b stat:DELIVRD", {"id": "a:b", "stat": "DELIVRD"}),
        ("stat:UNDELIV err:null Hi all", {"stat": "UNDELIV", "err": "null", "text": "Hi all"}),
        ("stat:UNDELIV text:stat:DELIVRD", {"stat": "UNDELIV", "text": "stat:DELIVRD"}),
        ("id:7 text:hi stat:DELIVRD", {"id": "7", "text": "hi", "stat": "DELIVRD"}),
        ("id:7 stat:DELIVRD stat:UNDELIV", {"id": "7", "stat": "DELIVRD"}),
        ("id:7 stat:DELIVRD text:a\nb", {"id": "7", "stat": "DELIVRD", "text": "a\nb"}),
        ("", {}),
        ("Hello", {}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_other_orders_cases_and_gaps(text: str, fields: dict[str, str]) -> None:
    assert read_receipt(text) == fields


@given(st.text())
def test_a_message_cannot_forge_its_own_status(text: str) -> None:
    fields = read_receipt(f"id:7 stat:UNDELIV err:001 text:{text}")
    assert (fields["id"], fields["stat"], fields["err"]) == ("7", "UNDELIV", "001")


FIELDS = CANONICAL.removesuffix(" text:Hello World").replace(" date", "_date").split()


@given(st.permutations(FIELDS))
def test_the_order_of_the_fields_does_not_matter(fields: list[str]) -> None:
    expected = read_receipt(CANONICAL)
    expected.pop("text")
    assert read_receipt(" ".join(fields).replace("_date", " date")) == expected
