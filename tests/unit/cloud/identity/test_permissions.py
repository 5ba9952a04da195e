"""The table of permissions, and what scopes make of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.identity.permissions import HOLDERS, OperatorRole, Permission, covers, granted, of_role, useless

roles = st.sampled_from(OperatorRole)
permissions = st.sampled_from(Permission)
rooms = st.sampled_from(sorted({one.value.partition(".")[0] for one in Permission}))
scope_lists = st.lists(st.one_of(permissions.map(lambda one: one.value), rooms, st.text(max_size=12)), max_size=6)


def test_every_permission_stands_in_the_table_once() -> None:
    assert set(HOLDERS) == set(Permission)
    assert all(one.value.count(".") == 1 for one in Permission)


def test_an_admin_has_them_all_and_no_line_of_the_table_needs_to_say_so() -> None:
    assert of_role(OperatorRole.ADMIN) == frozenset(Permission)
    assert all(OperatorRole.ADMIN not in holders for holders in HOLDERS.values())


def test_who_only_looks_changes_nothing_and_reads_no_customers_words() -> None:
    seen = {one.value for one in of_role(OperatorRole.VIEWER)}
    assert {one for one in seen if not one.endswith(".read")} == {"labels.print"}
    assert not {"cases.read", "audit.read", "keys.manage"} & seen


@given(roles, scope_lists)
def test_scopes_only_narrow(role: OperatorRole, scopes: list[str]) -> None:
    assert granted(role, scopes) <= of_role(role)
    assert granted(role, None) == of_role(role)


@given(roles, scope_lists, scope_lists)
def test_more_scopes_never_take_away_and_their_order_says_nothing(
    role: OperatorRole, some: list[str], more: list[str]
) -> None:
    assert granted(role, some) | granted(role, more) == granted(role, [*more, *some])


@given(roles, scope_lists)
def test_a_scope_is_useless_exactly_when_it_alone_gives_nothing(role: OperatorRole, scopes: list[str]) -> None:
    assert useless(role, scopes) == tuple(at for at, scope in enumerate(scopes) if not granted(role, [scope]))


@pytest.mark.parametrize("scope", ["", "unit", "units.", "units.rea", "UNITS", "units.*", "*", ".read", "units.read "])
def test_what_is_nearly_a_scope_is_none(scope: str) -> None:
    assert not any(covers(scope, one) for one in Permission)


def test_a_kind_names_all_of_its_permissions_and_no_others() -> None:
    own = {one for one in Permission if covers("units", one)}
    assert own == {Permission.UNITS_READ, Permission.UNITS_REGISTER, Permission.UNITS_CHANGE}
