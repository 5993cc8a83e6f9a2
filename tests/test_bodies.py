"""Bodies that are neither JSON nor a plain form: XML, and forms in parts."""

from time import thread_time

import pytest

from dlr.wire.decode import MAX_FORM_FIELDS, MAX_OBJECTS, UnreadableError
from dlr.wire.multipart import read_multipart
from dlr.wire.xml import MAX_DEPTH, read_xml

DEEP = MAX_DEPTH + 2


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("<a/>", {"a": ""}),
        (" \n<a> x\n</a>", {"a": "x"}),
        ("<a><b>1</b><c>2</c></a>", {"a": {"b": "1", "c": "2"}}),
        ("<a><b>1</b><b>2</b><b>3</b></a>", {"a": {"b": ["1", "2", "3"]}}),
        ("<a>\n <b>0010</b>\n</a>", {"a": {"b": "0010"}}),
        ("<a><b>x &amp; &#233;<![CDATA[<y>]]></b></a>", {"a": {"b": "x & é<y>"}}),
        ('<s:a xmlns:s="urn:x" id="7"><s:b>1</s:b></s:a>', {"a": {"b": "1"}}),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>', {"a": "é"}),
        ('<?xml version="1.0"?><!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a>1</a>', {"a": "1"}),
        ("<a><b/><b/></a>", {"a": {"b": ["", ""]}}),
    ],
)
def test_xml_is_read_into_texts_children_and_lists(text: str, item: object) -> None:
    assert read_xml(text) == item


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<", "valid XML"),
        ("<a>", "valid XML"),
        ("<a></b>", "valid XML"),
        ("<a/><b/>", "valid XML"),
        ("<a>\x00</a>", "valid XML"),
        ("<a>&nobody;</a>", "valid XML"),
        ("<html><p>x</html>", "valid XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "entity"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "entity"),
        ('<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1:9/">%b;]><a/>', "entity"),
        ("<a>" * DEEP + "</a>" * DEEP, "deeply"),
        ("<a>" + "<b/>" * MAX_OBJECTS + "</a>", "elements"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_trap_of_xml_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read_xml(text)


def test_billions_of_laughs_are_not_heard() -> None:
    entities = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "laugh"}">' for n in range(12)
    )
    started = thread_time()
    with pytest.raises(UnreadableError, match="entity"):
        read_xml(f"<!DOCTYPE a [{entities}]><a>&l11;</a>")
    assert thread_time() - started < 1


def parts(*fields: str, end: str = "--AaB03x--\r\n") -> str:
    return "".join(f"--AaB03x\r\n{field}\r\n" for field in fields) + end


def field(name: str, value: str) -> str:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'


@pytest.mark.parametrize(
    ("text", "item"),
    [
        (parts(field("id", "1"), field("status", "d")), {"id": "1", "status": "d"}),
        (parts(field("id", "1\r\n2")), {"id": "1\n2"}),
        (parts(field("id", "")), {"id": ""}),
        (parts(field("id", "--AaB03")), {"id": "--AaB03"}),
        (parts(field("id", "1")).replace("\r\n", "\n"), {"id": "1"}),
        (
            parts(
                "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n"
                'content-disposition: form-data; filename="x"; name="id"\r\n\r\né'
            ),
            {"id": "é"},
        ),
        (parts(field("id", "1")) + "an epilogue", {"id": "1"}),
    ],
)
def test_a_form_in_parts_is_read(text: str, item: object) -> None:
    assert read_multipart(text) == item


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("--", "end like one"),
        ("--\r\n----", "end like one"),
        (parts(), "end like one"),
        (parts(field("id", "1"), end=""), "end like one"),
        (parts("Content-Type: text/plain\r\n\r\n1"), "no name"),
        (parts('Content-Disposition: form-data; filename="id"\r\n\r\n1'), "no name"),
        (parts(field("id", "1"), field("id", "2")), "twice"),
        (parts(*[field("id", "1")] * (MAX_FORM_FIELDS + 5)), "parameters"),
        (parts(field("id", "1" * 70_000)), "characters"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_trap_of_a_form_in_parts_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read_multipart(text)
