"""What a set of content files may be."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.content.rules import MAX_BYTES, MAX_FILE_BYTES, MAX_FILES, name_problem, problems_of, stored_name
from cloud.content.service import packed, unpacked
from mobile_menu.content_files import digest_of, packaged_files
from mobile_menu.content_loader import profiles

FILES = st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=5)


@pytest.mark.parametrize("profile", profiles())
def test_what_comes_with_the_program_could_be_published(profile: str) -> None:
    files = packaged_files(profile)
    assert files
    assert problems_of(files) == ()


@given(st.text(alphabet=string.ascii_letters + "./\\-_~\0\n% ", max_size=30))
def test_no_name_leads_anywhere(name: str) -> None:
    if not name_problem(name):
        assert name.count("/") == (1 if name.startswith("pictures/") else 0)
        assert ".." not in name
        assert not {"\\", "\0", "\n", "%", " ", "~"} & set(name)
        assert not name_problem(stored_name(name.removeprefix("pictures/")))


@pytest.mark.parametrize("name", ["profile.toml", "reasons.csv", "a.en.ftl", "a.pt-BR.ftl", "pictures/door.svg"])
def test_what_content_is_made_of_has_a_name(name: str) -> None:
    assert name_problem(name) == ""


def test_each_limit_is_its_own() -> None:
    assert problems_of({"a.toml": "x" * MAX_FILE_BYTES}) == ()
    assert [one.code for one in problems_of({"a.toml": "x" * (MAX_FILE_BYTES + 1)})] == ["too_large"]
    assert problems_of({f"a{number}.toml": "" for number in range(MAX_FILES)}) == ()
    assert [one.pointer for one in problems_of({f"a{number}.toml": "" for number in range(MAX_FILES + 1)})] == [
        "/files"
    ]
    many = MAX_BYTES // MAX_FILE_BYTES + 1
    assert [one.code for one in problems_of({f"a{n}.toml": "x" * MAX_FILE_BYTES for n in range(many)})] == ["too_large"]
    assert [one.pointer for one in problems_of({"a~/b": ""})] == ["/files/a~0~1b"]


@given(FILES)
def test_what_is_packed_is_unpacked(files: dict[str, str]) -> None:
    assert unpacked(packed(files)) == files


@given(FILES, FILES)
def test_other_files_have_another_digest_whatever_their_order(files: dict[str, str], others: dict[str, str]) -> None:
    assert (digest_of(files) == digest_of(others)) is (files == others)
    assert digest_of(dict(reversed(files.items()))) == digest_of(files)


def test_a_name_that_runs_into_its_text_is_another() -> None:
    assert digest_of({"a": "bc"}) != digest_of({"ab": "c"})
