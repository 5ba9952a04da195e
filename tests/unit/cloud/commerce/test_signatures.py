import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.commerce.signatures import (
    CARRIER_VERIFIERS,
    TOLERANCE,
    SignatureProblem,
    Verified,
    Verifier,
    sign_standard,
    verify_standard,
)

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "data" / "webhook_signature_vectors.json").read_text("utf-8")
)
VERIFIERS: dict[str, Verifier] = {"standard-webhooks-v1": verify_standard, **CARRIER_VERIFIERS}
NOW = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
BODY = b'{"type":"order.changed"}'


def headers_of(vector: dict[str, Any]) -> dict[str, str]:
    if "webhook-id" in vector:
        return {
            "webhook-id": vector["webhook-id"],
            "webhook-timestamp": str(vector["webhook-timestamp"]),
            "webhook-signature": vector["signature"],
        }
    return {vector["header"]: vector["signature"]}


def time_of(vector: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(vector.get("webhook-timestamp", vector.get("timestamp", 0)), UTC)


def verify(
    vector: dict[str, Any], body: bytes | None = None, headers: dict[str, str] | None = None
) -> Verified | SignatureProblem:
    raw = vector["body"].encode() if body is None else body
    return VERIFIERS[vector["scheme"]]([vector["secret"]], headers or headers_of(vector), raw, time_of(vector))


def code_of(answer: Verified | SignatureProblem) -> str:
    assert isinstance(answer, SignatureProblem)
    return answer.code


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['scheme']}-{vector['valid']}")
def test_each_vector_gets_its_verdict(vector: dict[str, Any]) -> None:
    answer = verify(vector)
    assert isinstance(answer, Verified) == vector["valid"], answer
    if isinstance(answer, Verified) and "webhook-id" in vector:
        assert answer == Verified(vector["webhook-id"], time_of(vector))


VALID = [vector for vector in VECTORS if vector["valid"]]


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["scheme"])
def test_a_body_with_one_byte_changed_is_refused(vector: dict[str, Any]) -> None:
    body = vector["body"].encode()
    for at in range(0, len(body), 7):
        changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        assert code_of(verify(vector, changed)) == "bad_signature"


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["scheme"])
def test_a_message_without_signature_says_so(vector: dict[str, Any]) -> None:
    assert code_of(verify(vector, headers={"other": "header"})) == "missing_signature"


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["scheme"])
def test_the_wrong_secret_is_refused_and_an_old_one_beside_the_new_one_holds(vector: dict[str, Any]) -> None:
    verifier = VERIFIERS[vector["scheme"]]
    wrong = OTHER if vector["scheme"].startswith("standard") else "other"
    body, at = vector["body"].encode(), time_of(vector)
    assert code_of(verifier([wrong], headers_of(vector), body, at)) == "bad_signature"
    assert isinstance(verifier([wrong, vector["secret"]], headers_of(vector), body, at), Verified)
    assert code_of(verifier([], headers_of(vector), body, at)) == "bad_signature"


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["scheme"])
def test_header_names_may_be_in_any_case(vector: dict[str, Any]) -> None:
    headers = {name.upper(): value for name, value in headers_of(vector).items()}
    assert isinstance(verify(vector, headers=headers), Verified)


@given(st.text(), st.sampled_from(VALID))
def test_any_text_as_signature_is_refused_and_never_an_error(text: str, vector: dict[str, Any]) -> None:
    headers = headers_of(vector)
    name = "webhook-signature" if "webhook-signature" in headers else next(iter(headers))
    assert isinstance(verify(vector, headers={**headers, name: text}), SignatureProblem)


@pytest.mark.parametrize("stamp", ["", "x", "-5", "1e9", "٣٣٣", "9" * 400, "99999999999"])
def test_a_time_that_is_none_is_refused_and_never_an_error(stamp: str) -> None:
    headers = {**sign_standard(SECRET, "msg_1", NOW, BODY), "webhook-timestamp": stamp}
    assert isinstance(verify_standard([SECRET], headers, BODY, NOW), SignatureProblem)
    shippo = CARRIER_VERIFIERS["shippo"](["s"], {"Shippo-Auth-Signature": f"t={stamp},v1=00"}, BODY, NOW)
    assert code_of(shippo) == "bad_signature"


@pytest.mark.parametrize("side", [1, -1])
def test_a_signed_time_counts_up_to_the_tolerance_and_no_further(side: int) -> None:
    headers = sign_standard(SECRET, "msg_1", NOW, BODY)
    assert isinstance(verify_standard([SECRET], headers, BODY, NOW + side * TOLERANCE), Verified)
    late = NOW + side * (TOLERANCE + timedelta(seconds=1))
    assert code_of(verify_standard([SECRET], headers, BODY, late)) == "old_signature"


def test_an_old_shippo_message_is_refused() -> None:
    vector = next(vector for vector in VECTORS if vector["scheme"] == "shippo")
    answer = CARRIER_VERIFIERS["shippo"](
        [vector["secret"]], headers_of(vector), vector["body"].encode(), time_of(vector) + timedelta(minutes=6)
    )
    assert code_of(answer) == "old_signature"


def test_one_good_signature_among_several_is_enough() -> None:
    headers = sign_standard(SECRET, "msg_1", NOW, BODY)
    other = sign_standard(OTHER, "msg_1", NOW, BODY)["webhook-signature"]
    several = {**headers, "webhook-signature": f"v1a,zzzz {other} {headers['webhook-signature']}"}
    assert isinstance(verify_standard([SECRET], several, BODY, NOW), Verified)


def test_a_signature_holds_for_its_id_and_its_time_only() -> None:
    headers = sign_standard(SECRET, "msg_1", NOW, BODY)
    later = str(int(NOW.timestamp()) + 1)
    assert code_of(verify_standard([SECRET], {**headers, "webhook-id": "msg_2"}, BODY, NOW)) == "bad_signature"
    assert code_of(verify_standard([SECRET], {**headers, "webhook-timestamp": later}, BODY, NOW)) == "bad_signature"


def test_what_we_sign_the_standard_webhooks_library_verifies() -> None:
    from standardwebhooks.webhooks import Webhook

    at = datetime.now(UTC)  # the library reads the clock itself
    assert Webhook(SECRET).verify(BODY, sign_standard(SECRET, "msg_1", at, BODY)) == {"type": "order.changed"}


@pytest.mark.parametrize("secret", ["whsec_", "whsec_not base64!", "whsec_abc"])
def test_a_secret_that_is_none_is_an_error(secret: str) -> None:
    with pytest.raises(ValueError, match="Standard Webhooks"):
        verify_standard([secret], {}, b"", NOW)
