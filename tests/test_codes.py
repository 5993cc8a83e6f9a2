"""The code tables are data: what a CSV may hold, and what is said of one that breaks a rule."""

from pathlib import Path
from runpy import run_path
from shutil import copytree

import pytest

from dlr.causes import Cause
from dlr.ingest.meaning import resolve_meaning
from dlr.providers.base import load_provider, provider_names
from dlr.providers.codes import (
    COLUMNS,
    FOLDER,
    CodeTableError,
    Meaning,
    read_err_table,
    read_rows,
    read_tables,
)
from dlr.report import Status

HEADER = ",".join(COLUMNS)
GOOD = "code,7,,absent,,Phone off,Acme's guide,"
EVERY_FILE = sorted([*FOLDER.glob("*.csv"), *FOLDER.glob("smsc/*.csv")])


def write(folder: Path, *lines: str) -> Path:
    path = folder / "acme.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda path: path.stem)
def test_every_table_keeps_the_rules(path: Path) -> None:
    assert list(read_rows(path))


@pytest.mark.parametrize("name", provider_names())
def test_a_module_and_a_table_of_one_name_make_a_provider(name: str) -> None:
    provider = load_provider(name)
    assert provider.name == name
    assert provider.tables == read_tables(name)


def test_a_row_is_read_verbatim(tmp_path: Path) -> None:
    path = write(
        tmp_path, HEADER, 'status,FAIL,undelivered,unspecified,true,"Failed, for good",Guide,Doubt'
    )
    (row,) = read_rows(path)
    assert row.meaning == Meaning(Status.UNDELIVERED, Cause.UNSPECIFIED, True)
    assert (row.kind, row.key, row.says, row.source, row.note) == (
        *("status", "FAIL", "Failed, for good", "Guide", "Doubt"),
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "acme.csv:0: the columns must be kind,key,"),
        (["kind,key"], "acme.csv:1: the columns must be kind,key,"),
        ([HEADER + ",extra"], "acme.csv:1: the columns must be kind,key,"),
        ([HEADER, GOOD + ",extra"], "acme.csv:2: 9 cells instead of 8"),
        ([HEADER, ""], "acme.csv:2: 0 cells instead of 8"),
        ([HEADER, GOOD, GOOD], "acme.csv:3: code '7' comes twice"),
        (
            [HEADER, GOOD.replace("7", "ab"), GOOD.replace("7", "AB")],
            "acme.csv:3: code 'AB' comes twice",
        ),
        ([HEADER, GOOD.replace("7", "10"), GOOD], "acme.csv:3: code '7' is not in order"),
        (
            [HEADER, GOOD, "status,OK,delivered,,,Fine,Guide,"],
            "acme.csv:3: status 'OK' is not in order",
        ),
        ([HEADER, GOOD.replace("code", "gsm")], "acme.csv:2: the kind 'gsm' is none of"),
        ([HEADER, GOOD.replace("absent", "dead")], "acme.csv:2: there is no cause 'dead'"),
        ([HEADER, GOOD.replace(",,absent", ",gone,absent")], "there is no status 'gone'"),
        ([HEADER, GOOD.replace("absent,", "absent,True")], "there is no permanent 'True'"),
        ([HEADER, GOOD.replace("Acme's guide", "")], "source must not be empty"),
        ([HEADER, GOOD.replace("Phone off", "")], "says and source must not be empty"),
        ([HEADER, GOOD.replace("7", "")], "key, says and source must not be empty"),
        ([HEADER, "status,OK,,,,Fine,Guide,"], "a status word needs a status"),
        ([HEADER, "status,NO,rejected,,,No,Guide,"], "rejected needs a cause"),
        ([HEADER, "status,X,unknown,,,No,Guide,"], "unknown needs the cause unspecified"),
        ([HEADER, "status,OK,delivered,absent,,Fine,Guide,"], "delivered is no failure"),
        ([HEADER, "status,OK,delivered,,true,Fine,Guide,"], "delivered is no failure"),
        ([HEADER, 'code,7,,absent,,"Phone off,Guide,'], "acme.csv:2: "),
    ],
)
def test_a_broken_rule_is_named_with_file_and_line(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    with pytest.raises(CodeTableError) as raised:
        list(read_rows(write(tmp_path, *lines) if lines else _empty(tmp_path)))
    assert message in str(raised.value)
    assert str(raised.value).startswith("acme.csv:")


def _empty(folder: Path) -> Path:
    path = folder / "acme.csv"
    path.write_text("")
    return path


def test_numbers_stand_in_the_order_of_their_values(tmp_path: Path) -> None:
    keys = ["2", "010", "10", "300", "A 2", "A 10"]
    lines = [GOOD.replace("7", key) for key in keys]
    assert [row.key for row in read_rows(write(tmp_path, HEADER, *lines))] == keys


def test_an_smsc_needs_a_file_and_no_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`SmppErrTable=acme` chooses `smsc/acme.csv`, once that file is in the folder."""
    folder = tmp_path / "providers"
    copytree(FOLDER, folder)
    write(folder / "smsc", HEADER, GOOD.replace("7", "00B"))
    monkeypatch.setattr("dlr.providers.codes.SMSC_FOLDER", folder / "smsc")
    found = run_path(str(FOLDER / "smpp.py"))["PROVIDER"]
    monkeypatch.setattr("dlr.providers.smpp.PROVIDER", found)
    load = load_provider.__wrapped__  # the cached providers stay as they are
    assert load("smpp").tables.codes is None
    assert load("smpp", "acme").tables.codes == {"00b": Meaning(None, Cause.ABSENT)}


def test_a_provider_without_documented_codes_has_no_table_of_them() -> None:
    assert load_provider("smpp").tables.codes is None
    assert load_provider("twilio").tables.codes


def test_a_word_is_looked_up_whatever_its_case() -> None:
    tables = read_tables("smpp")
    meanings = {resolve_meaning(tables, (word,), "") for word in ("DELIVRD", "delivrd", "Delivrd")}
    assert meanings == {Meaning(Status.DELIVERED)}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("status,OK,delivered,,,Fine,Guide,", "acme.csv:2: an SMSC's table has codes only"),
        (GOOD, "acme.csv:2: write the key like 001, 00B or 1028"),
        (GOOD.replace("7", "0007"), "acme.csv:2: write the key like 001, 00B or 1028"),
        (GOOD.replace("7", "00b"), "acme.csv:2: write the key like 001, 00B or 1028"),
    ],
)
def test_an_smscs_table_holds_only_what_an_err_can_equal(
    tmp_path: Path, row: str, message: str
) -> None:
    (tmp_path / "smsc").mkdir()
    with pytest.raises(CodeTableError, match=message):
        read_err_table(write(tmp_path / "smsc", HEADER, row))
    table = read_err_table(write(tmp_path / "smsc", HEADER, GOOD.replace("7", "1028")))
    assert table == {"1028": Meaning(cause=Cause.ABSENT)}
