"""The word that something changed: nothing is left out, and many changes are few words."""

from hypothesis import given
from hypothesis import strategies as st

from cloud.announcing import AT_ONCE, FEW, words
from cloud.db import Changes

ids = st.sets(st.integers(0, 5_000).map("{:026}".format), max_size=60)


@given(products=ids, journeys=ids, erased=ids, cases=ids)
def test_every_change_is_in_exactly_one_word_of_its_kind(
    products: set[str], journeys: set[str], erased: set[str], cases: set[str]
) -> None:
    said = words(Changes(products=products, journeys=journeys, erased=erased, cases=cases))
    units = [one for word in said for one in (*word.products, *filter(None, [word.product_id]))]
    assert sorted(units) == sorted(products)
    for kind, own in {"journey": journeys - erased, "case": cases - erased, "gone": erased}.items():
        assert sorted(one for word in said if kind in word.projections for one in word.journeys) == sorted(own)


def test_a_batch_of_many_units_is_one_word_and_a_few_have_one_each() -> None:
    assert len(words(Changes(products={f"{number:026}" for number in range(AT_ONCE)}))) == 1
    assert len(words(Changes(products={f"{number:026}" for number in range(FEW)}))) == FEW
