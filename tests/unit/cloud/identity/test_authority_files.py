"""Where the authority lies: nothing in clear but the listener's key, whole files only, and one authority at a time."""

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from cloud.errors import ConflictError, SetupError
from cloud.identity import authority, authority_files, tls_files
from cloud.identity.authority_files import OFFLINE_ROOT, AuthorityFiles, NoAuthorityError, PassphraseError
from cloud.secrets import Keys, load_keys
from tests.certificates import new_key

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PASSPHRASE = "a passphrase of the tests"
NAMES = ["localhost", "127.0.0.1"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def own(home: Path) -> Keys:
    return load_keys(home)


@pytest.fixture
def offline(tmp_path: Path, home: Path, own: Keys) -> Path:
    """The folder with the root of an authority that was made."""
    folder = tmp_path / "offline"
    authority_files.make(home, own, NOW, offline=folder, passphrase=PASSPHRASE)
    return folder


def every_file(folder: Path) -> Iterator[tuple[Path, bytes]]:
    return ((path, path.read_bytes()) for path in folder.rglob("*") if path.is_file())


@pytest.mark.usefixtures("offline")
def test_no_private_key_is_written_in_clear(home: Path, own: Keys, tmp_path: Path) -> None:
    key = authority_files.load(home, own).current.key
    clear = {
        key.private_bytes(form, kind, NoEncryption())
        for form, kind in (
            (Encoding.DER, PrivateFormat.PKCS8),
            (Encoding.DER, PrivateFormat.TraditionalOpenSSL),
            (Encoding.PEM, PrivateFormat.PKCS8),
        )
    }
    clear.add(key.private_numbers().private_value.to_bytes(32, "big"))
    keys = [content for _path, content in every_file(tmp_path) if b"PRIVATE KEY" in content]
    assert len(keys) == 2
    assert all(content.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") for content in keys)
    assert not any(secret in content for _path, content in every_file(tmp_path) for secret in clear)


@pytest.mark.usefixtures("offline")
def test_keys_are_for_this_user_alone(tmp_path: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path, _ in every_file(tmp_path) if path.suffix == ".key"}
    assert modes == {"root.key": 0o600, "issuing-0001.key": 0o600, "master.key": 0o600, "signing.key": 0o600}


def test_the_issuing_key_opens_with_the_deployment_s_master_key_alone(
    home: Path, own: Keys, offline: Path, tmp_path: Path
) -> None:
    assert len(authority_files.load(home, own).issuers) == 1
    with pytest.raises(SetupError, match="master key"):
        authority_files.load(home, load_keys(tmp_path / "another"))
    with pytest.raises(ValueError, match=r"(?i)password|decrypt"):
        load_pem_private_key((home / "ca/issuing-0001.key").read_bytes(), PASSPHRASE.encode())
    load_pem_private_key((offline / "root.key").read_bytes(), PASSPHRASE.encode())


def test_an_authority_is_not_made_over_another(home: Path, own: Keys, offline: Path, tmp_path: Path) -> None:
    before = dict(every_file(tmp_path))
    with pytest.raises(ConflictError):
        authority_files.make(home, own, NOW, offline=tmp_path / "elsewhere", passphrase=PASSPHRASE)
    with pytest.raises(ConflictError):
        authority_files.make(home, own, NOW, offline=offline, passphrase=PASSPHRASE, replace=True)
    assert dict(every_file(tmp_path)) == before


@pytest.mark.usefixtures("offline")
def test_one_that_is_replaced_is_put_aside(home: Path, own: Keys, tmp_path: Path) -> None:
    old = authority_files.load(home, own)
    authority_files.make(home, own, NOW, offline=tmp_path / "new", passphrase=PASSPHRASE, replace=True)
    new = authority_files.load(home, own)
    assert new.root != old.root
    assert new.issuer(old.current.id) is None
    assert (home / "ca-until-20261122T093000/issuing-0001.pem").exists()


@pytest.mark.usefixtures("offline")
def test_one_whose_successor_cannot_be_written_stays(
    home: Path, own: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dict(every_file(home / "ca"))

    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device", "issuing-0001.key")

    monkeypatch.setattr(authority_files, "_add_issuing", full)
    with pytest.raises(SetupError, match="No space left"):
        authority_files.make(home, own, NOW, offline=tmp_path / "new", passphrase=PASSPHRASE, replace=True)
    assert dict(every_file(home / "ca")) == before
    assert sorted(path.name for path in home.iterdir() if path.is_dir()) == ["ca"]


def test_a_renewal_adds_an_issuing_authority_and_keeps_the_one_before(home: Path, own: Keys, offline: Path) -> None:
    before = authority_files.load(home, own)
    after = authority_files.renew(home, own, NOW + timedelta(days=9), offline=offline, passphrase=PASSPHRASE)
    assert after.root == before.root
    assert after.issuers[0].certificate == before.current.certificate
    assert after.current.id != before.current.id
    trusted = x509.load_pem_x509_certificates(tls_files.trust_file(home).read_bytes())
    assert trusted == [after.root, *(one.certificate for one in after.issuers)]
    assert after.chain.startswith(authority.pem(after.current.certificate))


def test_a_renewal_needs_the_passphrase_and_the_right_root(
    home: Path, own: Keys, offline: Path, tmp_path: Path
) -> None:
    other = load_keys(tmp_path / "other")
    authority_files.make(tmp_path / "other", other, NOW, offline=tmp_path / "their-root", passphrase=PASSPHRASE)
    wrong = [
        (offline, "not the passphrase", PassphraseError),
        (tmp_path / "nowhere", PASSPHRASE, SetupError),
        (tmp_path / "their-root", PASSPHRASE, SetupError),
    ]
    for folder, passphrase, error in wrong:
        with pytest.raises(error):
            authority_files.renew(home, own, NOW, offline=folder, passphrase=passphrase)
    assert len(authority_files.load(home, own).issuers) == 1


def test_a_service_takes_a_new_issuing_key_by_itself(home: Path, own: Keys, offline: Path) -> None:
    files = AuthorityFiles(home, own)
    first = files()
    assert files() is first, "it is read once, as long as nothing changes"
    authority_files.renew(home, own, NOW, offline=offline, passphrase=PASSPHRASE)
    assert len(files().issuers) == 2


def test_without_an_authority_there_is_an_error_that_says_so(home: Path, own: Keys) -> None:
    with pytest.raises(NoAuthorityError):
        authority_files.load(home, own)
    with pytest.raises(NoAuthorityError):
        AuthorityFiles(home, own)()


def test_the_first_start_makes_one_and_shows_its_passphrase_once(home: Path, own: Keys) -> None:
    passphrase = authority_files.make_at_first_start(home, own, NOW)
    assert passphrase is not None
    assert authority_files.make_at_first_start(home, own, NOW) is None
    assert not any(passphrase.encode() in content for _path, content in every_file(home))
    renewed = authority_files.renew(home, own, NOW, offline=home / OFFLINE_ROOT, passphrase=passphrase)
    assert len(renewed.issuers) == 2


def test_a_first_start_that_was_cut_short_is_done_again(home: Path, own: Keys) -> None:
    (home / OFFLINE_ROOT).mkdir()
    (home / OFFLINE_ROOT / "root.key").write_bytes(b"of a root that nobody knows")
    passphrase = authority_files.make_at_first_start(home, own, NOW)
    assert passphrase is not None
    load_pem_private_key((home / OFFLINE_ROOT / "root.key").read_bytes(), passphrase.encode())


@pytest.mark.usefixtures("offline")
def test_a_damaged_file_is_named(home: Path, own: Keys) -> None:
    key = (home / "ca/issuing-0001.key").read_bytes()
    for name, content in (
        ("ca/issuing-0001.key", b"torn"),
        ("ca/issuing-0001.pem", b"torn"),
        ("ca/root.pem", b"torn"),
    ):
        kept = (home / name).read_bytes()
        (home / name).write_bytes(content)
        with pytest.raises(SetupError, match=name.rpartition("/")[2]):
            authority_files.load(home, own)
        (home / name).write_bytes(kept)
    assert (home / "ca/issuing-0001.key").read_bytes() == key


@pytest.mark.usefixtures("offline")
def test_a_key_that_is_not_the_certificate_s_is_noticed(home: Path, own: Keys) -> None:
    other = authority_files.key_pem(new_key(), BestAvailableEncryption(own.authority_secret))
    (home / "ca/issuing-0001.key").write_bytes(other)
    with pytest.raises(SetupError, match="not the key of"):
        authority_files.load(home, own)


# --- the listener's own ---


@pytest.mark.usefixtures("offline")
def test_the_listener_s_certificate_is_made_once_and_made_anew_when_it_is_due(home: Path, own: Keys) -> None:
    path = tls_files.server_certificate(home, own, NAMES, NOW)
    first = path.read_bytes()
    assert tls_files.server_certificate(home, own, NAMES, NOW + timedelta(days=59)).read_bytes() == first
    later = NOW + timedelta(days=61)
    assert tls_files.server_certificate(home, own, NAMES, later).read_bytes() != first
    renamed = tls_files.server_certificate(home, own, [*NAMES, "mqtt.example"], later).read_bytes()
    assert b"PRIVATE KEY" in renamed
    path.write_bytes(renamed[:300])
    assert tls_files.server_certificate(home, own, NAMES, later).read_bytes() != renamed[:300]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_issuing_authority_signs_the_listener_s_certificate_anew(home: Path, own: Keys, offline: Path) -> None:
    path = tls_files.server_certificate(home, own, NAMES, NOW)
    before = path.read_bytes()
    known = authority_files.renew(home, own, NOW, offline=offline, passphrase=PASSPHRASE)
    made = x509.load_pem_x509_certificates(tls_files.server_certificate(home, own, NAMES, NOW).read_bytes())
    assert path.read_bytes() != before
    assert made[1] == known.current.certificate
    made[0].verify_directly_issued_by(known.current.certificate)


@pytest.mark.usefixtures("offline")
def test_a_name_that_no_certificate_can_bear_is_refused(home: Path, own: Keys) -> None:
    with pytest.raises(SetupError, match="certificate"):
        tls_files.server_certificate(home, own, ["b\u00fccher.example"], NOW)
