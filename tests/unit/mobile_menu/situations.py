"""Situations for tests: Hypothesis draws any that the type allows."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from broker.contract.stages import Role, Stage
from mobile_menu.content_loader import load_content
from mobile_menu.rules.situation import (
    Case,
    CommandState,
    Coupon,
    Device,
    Level,
    Links,
    Parcel,
    ParcelState,
    Place,
    Relation,
    Shop,
    Situation,
    Step,
    SupplyLevel,
    Zone,
)

REASONS = sorted(load_content("printer").reason_labels)
times = st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  the time zone is given beside it
texts = st.sampled_from(["", "Acme One", "Ärger & <b>", "{ $model }", "a" * 200])
urls = st.sampled_from(["", "https://example.com/x"])
reasons = st.lists(st.sampled_from(REASONS) | texts, max_size=4).map(tuple)
figures = st.none() | st.floats(-1, 1e6)

supplies = st.builds(
    SupplyLevel,
    name=st.sampled_from(["black", "cyan", "tri color"]),
    level_percent=st.integers(-3, 100),
    color=st.sampled_from(["", "black", "Cyan", "#ff0000"]),
    days_left=figures,
)
commands = st.builds(
    CommandState,
    name=st.sampled_from(["print_sample", "print_test_page", "clean_head", "frob"]),
    state=st.sampled_from(["queued", "sent", "accepted", "running", "done", "failed"]),
    percent=st.none() | st.integers(0, 100),
    expired=st.booleans(),
    detail=st.sampled_from(
        ["", "media-empty-error", "media-jam-error, door-open-error", "unknown command", "a,{ $b }"]
    ),
    lasts_min=st.integers(1, 60),
)
devices = st.builds(
    Device,
    level=st.sampled_from(Level),
    reasons=reasons,
    last_reasons=reasons,
    since=times,
    supplies=st.lists(supplies, max_size=5).map(tuple),
    days_left=figures,
    firmware=texts,
    firmware_state=st.sampled_from(["current", "available", "installing", "failed"]),
    usage=st.dictionaries(st.sampled_from(["pages_total", "jobs"]), st.floats(0, 1e6), max_size=2),
    demo_unit=st.booleans(),
    commands=st.lists(commands, max_size=3).map(tuple),
)
shops = st.none() | st.builds(Shop, id=st.just("s1"), name=texts, address=texts, url=urls)
places = st.builds(Place, zone=st.sampled_from(Zone), shop=shops, proven=st.booleans())
parcels = st.builds(
    Parcel, state=st.sampled_from(ParcelState), promised_at=times, carrier=texts, tracking_url=urls, detail=texts
)
steps = st.builds(
    Step,
    id=st.sampled_from(["unpack", "power_on", "load_paper", "frob it!", "FROB-IT-"]),
    required=st.booleans(),
    witness=st.sampled_from(["device", "customer"]),
    done=st.booleans(),
    done_by=st.sampled_from(["", "device", "customer", "expert"]),
)
coupons = st.none() | st.builds(
    Coupon,
    code=st.sampled_from(["TL50-ABCD-EFGH", "Ä"]),
    amount=st.integers(1, 10**7),
    currency=st.sampled_from(["USD", "EUR", "JPY", "KWD"]),
    expires_at=times,
    redeemed=st.booleans(),
)
relations = st.builds(
    Relation,
    case=st.none() | st.builds(Case, id=st.just("c1"), unread=st.integers(0, 5)),
    distress=st.lists(st.sampled_from(["fault", "survey"]), max_size=2).map(tuple),
    stalls=st.lists(st.sampled_from(["parcel_late", "install_stuck", "fault_unattended", "silent"])).map(tuple),
    coupon=coupons,
    referral_url=urls,
    surveys_due=st.lists(st.sampled_from(["nps", "csat", "ces"]), max_size=2).map(tuple),
    return_requested=st.booleans(),
)
situations = st.builds(
    Situation,
    journey_id=st.just("j1"),
    stage=st.sampled_from(Stage),
    profile=st.just("printer"),
    language=st.sampled_from(["en", "de", "de-AT,de;q=0.9", "ar-EG", "fr", "", "*"]),
    model_name=texts,
    role=st.sampled_from(Role),
    device=devices,
    place=places,
    parcel=parcels,
    steps=st.lists(steps, max_size=5).map(tuple),
    relation=relations,
    links=st.builds(Links, shop=urls, product=urls, compare=urls, video=urls, reorder=urls, nearest_shop=urls),
    closed_reason=st.sampled_from(["", "returned", "lapsed"]),
)
