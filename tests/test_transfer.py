"""Export and import of the list: what spreadsheets, people and other writers do to them."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from dlr.causes import Cause
from dlr.phone import NotANumberError, PhoneNumber, RecipientHasher, read_country, read_typed
from dlr.suppression.admin import SuppressRequest
from dlr.suppression.announce import Announcer
from dlr.suppression.entry import ListName
from dlr.suppression.sheet import UnreadableSheetError, read_sheet, write_sheet
from dlr.suppression.standing import Standing
from dlr.suppression.table import SuppressionList
from dlr.suppression.transfer import SuppressionTransfer
from local.cloud import Cloud
from tests.support.cases import NOW
from tests.support.reports import HASHER
from tests.support.suppression import RULES, SuppressionHarness, failure

KEY = "a key for tests"
FORMULAS = tuple("=+-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\t\r")
PEOPLE = tuple(PhoneNumber(f"+3363998{place:04}") for place in range(600, 700))


@pytest.fixture(scope="module")
def suppression(cloud: Cloud) -> SuppressionHarness:
    return SuppressionHarness(cloud)


@pytest.fixture(scope="module")
def people() -> Iterator[PhoneNumber]:
    """Numbers that no other test here has."""
    return iter(PEOPLE)


def entry_of(suppression: SuppressionHarness, of: str) -> Standing:
    return suppression.standing(PhoneNumber(of))


# ---------------------------------------------------------------- several rows of one recipient


def test_a_number_that_is_repeated_is_one_change(
    suppression: SuppressionHarness, people: Iterator[PhoneNumber]
) -> None:
    of = next(people)
    done = suppression.transfer.import_csv("number\n" + f"{of}\n" * 30, "alice", NOW)
    assert (done.imported, done.errors) == (30, [])
    assert [trace.by for trace in entry_of(suppression, of).entry.audit] == ["alice"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=str)
def test_of_two_rows_for_one_list_the_last_one_counts(
    suppression: SuppressionHarness, people: Iterator[PhoneNumber], order: tuple[int, int]
) -> None:
    of = next(people)
    rows = [f"{of},ported_out", f"00{of[1:]},suspended"]
    text = "\n".join(["number,cause", *(rows[place] for place in order)])
    assert suppression.transfer.import_csv(text, "alice", NOW).imported == 2
    assert suppression.lookup.find(of, NOW).cause == (Cause.PORTED_OUT, Cause.SUSPENDED)[order[1]]


def test_rows_for_both_lists_of_one_recipient_both_apply(
    suppression: SuppressionHarness, people: Iterator[PhoneNumber]
) -> None:
    of = next(people)
    text = f"number,list,cause\n{of},opt_out,\n{of},number,ported_out\n{of},opt_out,\n"
    done = suppression.transfer.import_csv(text, "alice", NOW)
    assert (done.imported, done.errors) == (3, [])
    entry = entry_of(suppression, of)
    assert entry.opt_out is not None
    assert entry.number is not None
    assert entry.number.cause is Cause.PORTED_OUT


def test_a_number_and_its_hash_under_an_older_key_are_one_recipient(
    suppression: SuppressionHarness, people: Iterator[PhoneNumber]
) -> None:
    of = next(people)
    rotated = RecipientHasher(lambda: ["a new key", KEY])
    transfer = SuppressionTransfer(suppression.list, suppression.admin, rotated)
    text = f"recipient_hash,number,list\n{HASHER.hash(of)},,opt_out\n,{of},number\n"
    assert transfer.import_csv(text, "alice", NOW).imported == 2
    assert suppression.list.find([HASHER.hash(of)], NOW).entry.version == 0
    entry = suppression.list.find([rotated.hash(of)], NOW)
    assert entry.opt_out is not None
    assert entry.number is not None


def test_a_conflict_is_an_error_of_its_rows_only(
    suppression: SuppressionHarness, people: Iterator[PhoneNumber]
) -> None:
    contested, other = next(people), next(people)

    class Racing:
        """A client whose writes of one entry are always too late."""

        def __getattr__(self, name: str) -> Any:
            return getattr(suppression.client, name)

        def put_item(self, **arguments: Any) -> Any:
            if arguments["Item"]["recipient_hash"]["S"] == HASHER.hash(contested):
                raise ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, "Put")
            return suppression.client.put_item(**arguments)

    suppressions = SuppressionList(Racing(), suppression.table, RULES)
    announce = Announcer(suppression, "bus")
    admin = suppression.make_admin(suppressions, HASHER, announce)
    transfer = SuppressionTransfer(suppressions, admin, HASHER)
    text = f"number\n{contested}\n{other}\n{contested}\n"
    done = transfer.import_csv(text, "alice", NOW)
    assert done.imported == 1
    assert [error.partition(":")[0] for error in done.errors] == ["row 2", "row 4"]
    assert "send it again" in done.errors[0]
    assert suppression.lookup.find(other, NOW).suppressed


def test_many_changes_are_announced_in_a_call(
    suppression: SuppressionHarness, people: Iterator[PhoneNumber], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [next(people) for _ in range(23)]
    calls: list[list[str]] = []

    def put_events(Entries: list[dict[str, Any]]) -> dict[str, Any]:
        calls.append([json.loads(each["Detail"])["number"] for each in Entries])
        return {"FailedEntryCount": 0}

    monkeypatch.setattr(suppression, "put_events", put_events)
    done = suppression.transfer.import_csv("number\n" + "\n".join(some), "alice", NOW)
    assert (done.imported, done.errors) == (23, [])
    assert [len(each) for each in calls] == [10, 10, 3]
    assert sorted(number for each in calls for number in each) == sorted(some)


def test_what_another_writer_does_after_an_import_has_read_is_kept(
    suppression: SuppressionHarness, people: Iterator[PhoneNumber], monkeypatch: pytest.MonkeyPatch
) -> None:
    of = next(people)
    read = SuppressionList.read

    def read_then_lose(self: SuppressionList, recipients: Any) -> Any:
        found = read(self, recipients)
        suppression.admin.suppress(of, ListName.OPT_OUT, None, "bob", NOW)
        return found

    monkeypatch.setattr(SuppressionList, "read", read_then_lose)
    assert suppression.transfer.import_csv(f"number\n{of}\n", "alice", NOW).imported == 1
    monkeypatch.undo()
    entry = entry_of(suppression, of)
    assert {name for name, *_ in entry.on_lists()} == {ListName.NUMBER, ListName.OPT_OUT}
    assert {trace.by for trace in entry.entry.audit} == {"alice", "bob"}


def test_an_import_without_a_hash_key_fails_as_a_whole(suppression: SuppressionHarness) -> None:
    keyless = RecipientHasher(list)
    transfer = SuppressionTransfer(suppression.list, suppression.admin, keyless)
    with pytest.raises(ValueError, match="hash key"):
        transfer.import_csv("number\n+447700900831\n", "alice", NOW)


# ---------------------------------------------------------------- the header


@pytest.mark.parametrize(
    "header",
    ["Number,List", "number, list", " NUMBER ,LIST\t", '\ufeff"number","list"', "number;list"],
    ids=repr,
)
def test_a_header_is_known_however_a_spreadsheet_writes_it(
    suppression: SuppressionHarness, people: Iterator[PhoneNumber], header: str
) -> None:
    of = next(people)
    separator = ";" if ";" in header else ","
    done = suppression.transfer.import_csv(f"{header}\n{of}{separator}Opt-Out\n", "alice", NOW)
    assert (done.imported, done.errors) == (1, [])
    assert suppression.lookup.find(of, NOW).list is ListName.OPT_OUT


@pytest.mark.parametrize("cause", ["opted_out", "do_not_disturb"])
def test_who_said_stop_is_an_opt_out_also_where_no_list_is_named(
    suppression: SuppressionHarness, people: Iterator[PhoneNumber], cause: str
) -> None:
    of = next(people)
    assert suppression.transfer.import_csv(f"number,cause\n{of},{cause}\n", "me", NOW).errors == []
    assert suppression.lookup.find(of, NOW).list is ListName.OPT_OUT
    assert SuppressRequest(cause=Cause(cause)).list_name is ListName.OPT_OUT
    assert SuppressRequest(list=ListName.NUMBER, cause=Cause(cause)).list_name is ListName.NUMBER


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("number,lst\n+447700900831,opt_out\n", "row 1: column 2 is unknown; the known ones are "),
        ("\n\n+447700900831\n", "row 3: column 1 is unknown; the known ones are "),
        ("number,list,List\n+447700900831,number,opt_out\n", "row 1: there are two columns list"),
        ("number\n+447700900831\n'\n\"+447700900832\n", "line 4: no CSV"),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused_whole_and_not_quoted(
    suppression: SuppressionHarness, text: str, error: str
) -> None:
    done = suppression.transfer.import_csv(text, "alice", NOW)
    assert done.imported == 0
    (found,) = done.errors
    assert found.startswith(error)
    assert "unknown" not in found or {"number", "list", "cause"} <= set(
        found.replace(",", "").split()
    )
    assert "90083" not in found
    assert "lst" not in found
    assert not suppression.lookup.find("+447700900831", NOW).suppressed


@pytest.mark.parametrize(
    ("state", "imported", "skipped", "errors"),
    [("Active", 1, 0, 0), ("", 1, 0, 0), ("HELD", 0, 1, 0), ("activ", 0, 0, 1)],
)
def test_a_state_counts_in_any_case_and_an_unknown_one_is_an_error(
    suppression: SuppressionHarness,
    people: Iterator[PhoneNumber],
    state: str,
    imported: int,
    skipped: int,
    errors: int,
) -> None:
    text = f"Number,State\n{next(people)},{state}\n"
    done = suppression.transfer.import_csv(text, "alice", NOW)
    assert (done.imported, done.skipped, len(done.errors)) == (imported, skipped, errors)


# ---------------------------------------------------------------- the numbers


@pytest.mark.parametrize("raw", ["2025550123", "12025550123", "447700900123", "07700900123", ""])
def test_a_number_that_a_person_types_needs_a_plus_or_two_zeros(raw: str) -> None:
    with pytest.raises(NotANumberError) as refusal:
        read_typed(raw)
    assert "+ or 00" in str(refusal.value)


@pytest.mark.parametrize(
    ("raw", "country", "number"),
    [
        ("2025550123", "US", "+12025550123"),
        ("(202) 555-0123", "US", "+12025550123"),
        ("1 202 555 0123", "US", "+12025550123"),
        ("+447700900123", "US", "+447700900123"),
        ("00447700900123", "US", "+447700900123"),
        ("07700 900123", "GB", "+447700900123"),
        ("447700900123", "GB", "+447700900123"),
        ("06 39 98 00 01", "FR", "+33639980001"),
    ],
)
def test_a_number_that_a_person_types_is_one_of_the_country(
    raw: str, country: str, number: str
) -> None:
    assert read_typed(raw, country) == number


@pytest.mark.parametrize(
    "raw", ["555-0123", "1800FLOWERS", "2025550123 ext. 4", "٢٠٢٥٥٥٠١٢٣", "2025550123;4", "²"]
)
def test_what_is_no_whole_number_of_the_country_is_none(raw: str) -> None:
    with pytest.raises(NotANumberError):
        read_typed(raw, "US")


@pytest.mark.parametrize(("code", "country"), [("US", "US"), (" gb", "GB")])
def test_a_country_is_known_by_its_code(code: str, country: str) -> None:
    assert read_country(code) == country


@pytest.mark.parametrize("code", ["", "U", "XX", "USA", "001", "44"])
def test_what_is_no_country_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="two letters"):
        read_country(code)


def test_an_import_takes_no_number_for_one_of_another_country(
    suppression: SuppressionHarness,
) -> None:
    done = suppression.transfer.import_csv("number\n2025550123\n", "alice", NOW)
    assert done.imported == 0
    assert done.errors == [
        "row 2: not an international phone number; write it with + or 00 and its country's code"
    ]
    assert not suppression.lookup.find("+2025550123", NOW).suppressed
    done = suppression.transfer.import_csv("number\n2025550123\n", "alice", NOW, country="US")
    assert (done.imported, done.errors) == (1, [])
    assert suppression.lookup.find("+12025550123", NOW).suppressed


# ---------------------------------------------------------------- the rows


def test_rows_are_counted_as_in_a_spreadsheet(suppression: SuppressionHarness) -> None:
    text = (
        "number,cause\r\n"  # 1
        "\r\n"
        ",\r\n"
        '+447700900841,"ported\r\n\r\nout"\r\n'  # 4: spaces and line breaks are one
        "bad,\r\n"  # 5
        "\r\n"
        "+447700900842,none,+447700900843\r\n"  # 7
        "+447700900844,,\r\n"
    )
    done = suppression.transfer.import_csv(text, "alice", NOW)
    assert [error.partition(":")[0] for error in done.errors] == ["row 5", "row 7"]
    assert "more cells than columns" in done.errors[1]
    assert done.imported == 2


@given(st.lists(st.sampled_from(["", ",", "x,y", '"a\nb",c', '"a\r\nb",c'])), st.data())
def test_the_number_of_a_row_is_its_place_among_all_records(
    records: list[str], data: st.DataObject
) -> None:
    end = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    rows = read_sheet(end.join(["k,l", *records, ""]), ("k", "l"))
    places = [place for place, record in enumerate(records, 2) if record.strip(",")]
    assert [row.number for row in rows] == places


# ---------------------------------------------------------------- formulas

CELLS = st.text(st.characters(codec="utf-8"), max_size=12) | st.builds(
    str.__add__,
    st.sampled_from([*FORMULAS, "'", "'=", "''-", ";=", "a;=", 'a;"-', "\n;'+", ';"\';"=']),
    st.text(),
)
TABLES = st.lists(st.fixed_dictionaries({"k": CELLS, "l": CELLS}), max_size=5)


@given(TABLES)
def test_no_cell_that_is_written_is_a_formula(rows: list[dict[str, str]]) -> None:
    for cells in csv.reader(io.StringIO(write_sheet(("k", "l"), rows), newline="")):
        assert [cell for cell in cells if cell.startswith(FORMULAS)] == []


@given(TABLES)
@pytest.mark.parametrize("between", [";", "\t"])
def test_no_cell_is_a_formula_where_others_stand_between_cells(
    between: str, rows: list[dict[str, str]]
) -> None:
    text = io.StringIO(write_sheet(("k", "l"), rows), newline="")
    for cells in csv.reader(text, delimiter=between):
        assert [cell for cell in cells if cell.startswith(FORMULAS[:-2])] == []


@given(TABLES)
def test_what_is_written_is_read_to_the_letter(rows: list[dict[str, str]]) -> None:
    read = read_sheet(write_sheet(("k", "l"), rows), ("k", "l"))
    assert filled(row.cells for row in read) == filled(rows)


def filled(rows: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """The filled cells of the rows that are not blank."""
    return [
        {column: cell for column, cell in row.items() if cell}
        for row in rows
        if any(cell.strip() for cell in row.values())
    ]


@given(st.text(max_size=60))
def test_any_text_is_a_table_or_refused(text: str) -> None:
    try:
        rows = read_sheet(text, ("k", "l"))
    except UnreadableSheetError as error:
        assert str(error).startswith(("row ", "line "))
    else:
        assert [row.number for row in rows] == sorted({row.number for row in rows})


HOSTILE = [
    '=HYPERLINK("x")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "a\rb",
    "'=1",
    ";=1",
    "\uff1d1",
    "a,b;c",
    "\n",
]


def test_an_export_that_is_imported_makes_the_same_list(cloud: Cloud) -> None:
    mine, other = SuppressionHarness(cloud), SuppressionHarness(cloud)
    causes = [Cause.UNKNOWN_SUBSCRIBER, Cause.OPTED_OUT, Cause.PORTED_OUT]
    for place, code in enumerate(HOSTILE):
        of = PEOPLE[place]
        report = failure(of, causes[place % 3], message_id=f"m{place}")
        mine.suppress(report.model_copy(update={"provider_code": code}), NOW)
        mine.admin.put(HASHER.every_hash(of), {ListName.NUMBER: causes[0]}, "operator", "me", NOW)
    text = mine.transfer.export(None, NOW).csv
    for cells in csv.reader(io.StringIO(text, newline="")):
        assert [cell for cell in cells if cell.startswith(FORMULAS)] == []
    done = other.transfer.import_csv(text, "alice", NOW + timedelta(seconds=1))
    assert (done.skipped, done.errors) == (0, [])
    assert done.imported == len(lists_of(mine)) > len(HOSTILE)
    assert lists_of(other) == lists_of(mine)


def lists_of(suppression: SuppressionHarness) -> set[tuple[str, ListName, Cause]]:
    entries, following = suppression.list.page(None, 1000)
    assert following is None
    return {
        (entry.recipient_hash, name, reason.cause)
        for entry in entries
        for name, _, reason in suppression.list.standing(entry, NOW).on_lists()
    }
