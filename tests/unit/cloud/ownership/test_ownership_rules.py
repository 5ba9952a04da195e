"""What each may do with a unit, and how a change of hands can go."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.contract.stages import Role
from cloud.ownership.rules import (
    EPOCH_MAX,
    MAY,
    Act,
    Refusal,
    Sight,
    Standing,
    Transfer,
    TransferAct,
    TransferState,
    act_of,
    after,
    may,
    next_epoch,
    raises,
    sight,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
YES = {
    Standing.OWNER: "see_state ask try_demo command see_attached see_people "
    "invite remove end_onlookers hand_over give_back new_code wipe",
    Standing.HOUSEHOLD: "see_state ask try_demo command see_attached see_people leave",
    Standing.GUEST: "see_state ask try_demo leave",
    Standing.ONLOOKER: "ask try_demo",
}
"""Written by hand: the promise that the table is held against."""


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("act", Act)
def test_each_standing_may_do_exactly_what_is_promised(standing: Standing, act: Act) -> None:
    assert may(standing, act) is (act.value in YES[standing].split())


def test_every_standing_is_in_the_table_and_only_the_owner_decides_about_others() -> None:
    assert set(MAY) == set(Standing)
    for act in (Act.INVITE, Act.REMOVE, Act.END_ONLOOKERS, Act.HAND_OVER, Act.GIVE_BACK, Act.NEW_CODE, Act.WIPE):
        assert [standing for standing in Standing if may(standing, act)] == [Standing.OWNER]


@pytest.mark.parametrize("proven", [False, True])
@pytest.mark.parametrize("owned", [False, True])
@pytest.mark.parametrize("standing", Standing)
def test_who_was_let_in_sees_always_and_an_onlooker_of_somebodys_unit_by_proof_alone(
    standing: Standing, owned: bool, proven: bool
) -> None:
    found = sight(standing, owned=owned, proven=proven)
    if standing is not Standing.ONLOOKER or not owned:
        assert found is Sight.ALL
    else:
        assert found is (Sight.BESIDE if proven else Sight.MODEL)


def test_a_command_needs_more_at_ones_home_than_in_a_shop_and_a_return_less_for_who_has_ordered() -> None:
    assert act_of("command", may_send_back=True) is Act.COMMAND
    assert act_of("command", at_demo_unit=True) is Act.TRY_DEMO
    assert act_of("return") is Act.GIVE_BACK
    assert act_of("return", may_send_back=True) is Act.ASK
    for action in ("step", "coupon", "share", "wait", "note", "call", "cancel_order"):
        assert act_of(action) is Act.ASK


def test_an_invitation_raises_and_never_lowers() -> None:
    assert raises(Standing.ONLOOKER, Role.GUEST)
    assert raises(Standing.GUEST, Role.HOUSEHOLD)
    for now in (Standing.GUEST, Standing.HOUSEHOLD, Standing.OWNER):
        assert not raises(now, Role.GUEST)
    assert not raises(Standing.OWNER, Role.HOUSEHOLD)


@given(st.lists(st.integers(0, EPOCH_MAX), max_size=4))
def test_a_new_epoch_is_newer_than_all_that_are_known_and_never_more_than_the_wire_carries(known: list[int]) -> None:
    epoch = next_epoch(*known)
    assert epoch <= EPOCH_MAX
    assert all(epoch > one or one == EPOCH_MAX for one in known)


STEPS = st.lists(
    st.tuples(st.sampled_from(TransferAct), st.sampled_from(["giver", "anna", "ben"]), st.integers(0, 30)), max_size=12
)


@given(STEPS)
def test_a_unit_changes_hands_only_when_both_sides_said_yes_in_time_and_in_this_order(
    steps: list[tuple[TransferAct, str, int]],
) -> None:
    known = Transfer(state=TransferState.OPEN, giver="giver", receiver=None, expires_at=NOW + timedelta(hours=48))
    now, said = NOW, []
    for act, by, hours in steps:
        now += timedelta(hours=hours)
        found = after(known, act, by, now)
        if isinstance(found, Transfer):
            assert now < known.expires_at
            said.append((act, by))
            known = found
    if known.state is TransferState.DONE:
        assert len(said) == 2
        (first, receiver), second = said
        assert first is TransferAct.ACCEPT
        assert receiver == known.receiver != "giver"
        assert second == (TransferAct.CONFIRM, "giver")
    if known.state is TransferState.CANCELLED:
        assert said[-1][0] is TransferAct.CANCEL
        assert said[-1][1] in {"giver", known.receiver}


def test_each_wrong_act_is_refused_for_its_own_reason() -> None:
    known = Transfer(state=TransferState.OPEN, giver="giver", receiver=None, expires_at=NOW + timedelta(hours=1))
    taken = after(known, TransferAct.ACCEPT, "anna", NOW)
    assert isinstance(taken, Transfer)
    done = after(taken, TransferAct.CONFIRM, "giver", NOW)
    assert isinstance(done, Transfer)
    assert after(known, TransferAct.ACCEPT, "giver", NOW) is Refusal.OWN
    assert after(known, TransferAct.CONFIRM, "giver", NOW) is Refusal.NOT_ACCEPTED
    assert after(known, TransferAct.CANCEL, "anna", NOW) is Refusal.NOT_YOURS
    assert after(taken, TransferAct.ACCEPT, "ben", NOW) is Refusal.TAKEN
    assert after(taken, TransferAct.CONFIRM, "anna", NOW) is Refusal.NOT_YOURS
    assert after(taken, TransferAct.CONFIRM, "giver", known.expires_at) is Refusal.OVER
    assert after(done, TransferAct.CANCEL, "giver", NOW) is Refusal.OVER
