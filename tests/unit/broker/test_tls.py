"""Who a certificate names, and what a context that cannot be made says."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import TlsFilesError
from broker.gatekeeper import Peer
from broker.tls import TlsSettings, make_context, peer_of

DER = b"der"
UNIT = "01jd9s0000000000000000000a"
URI = "https://id.example/01/09506000134352/21/A1"


def facts(names: tuple[str, ...] = (UNIT,), uris: tuple[str, ...] = (URI,)) -> dict[str, Any]:
    subject = ((("organizationName", "Acme"),), *((("commonName", name),) for name in names))
    return {"subject": subject, "subjectAltName": (("DNS", "x.example"), *(("URI", uri) for uri in uris))}


def test_one_common_name_and_one_uri_make_a_peer() -> None:
    assert peer_of(DER, facts()) == Peer(UNIT, URI, hashlib.sha256(DER).digest())


@given(st.lists(st.text(), max_size=3).map(tuple), st.lists(st.text(), max_size=3).map(tuple))
def test_any_other_number_of_them_makes_none(names: tuple[str, ...], uris: tuple[str, ...]) -> None:
    found = peer_of(DER, facts(names, uris))
    assert (found is not None) == (len(names) == len(uris) == 1)


def test_a_certificate_without_any_name_makes_none() -> None:
    assert peer_of(DER, {}) is None


def test_files_that_are_none_are_an_error_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "half.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA")
    for name in ("missing.pem", "half.pem"):
        path = str(tmp_path / name)
        with pytest.raises(TlsFilesError) as caught:
            make_context(TlsSettings(certificate=path, key=path, trust=path))
        assert caught.value.facts == {"certificate": path, "key": path, "trust": path}
