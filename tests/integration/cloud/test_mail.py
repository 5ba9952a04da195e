"""Mail on its way out: after the commit, over TLS that is checked, again when it fails, and never to who has left."""

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from cloud.errors import SetupError
from cloud.http_app import make_app
from cloud.mail import service as mail
from cloud.mail.letters import Letter
from cloud.mail.outlets import MailFolder, MailServer, Outlet, ServerSettings
from cloud.mail.setup import outlet_of
from cloud.settings import load_settings
from cloud.workers.mail import MailLoop
from tests.integration.cloud.joined import ADA, ask, prove
from tests.integration.cloud.world import World
from tests.mail_sink import Sink, certificate, running_sink

SENDER = "Throughline <noreply@example.com>"


@pytest.fixture(scope="module")
def cert(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("mail"))


@pytest.fixture
def sink(cert: tuple[Path, Path]) -> Iterator[Sink]:
    with running_sink(Sink(), cert) as running:
        yield running


def server(sink: Sink, cert: tuple[Path, Path], **other: str) -> MailServer:
    given = {"host": "127.0.0.1", "security": "starttls", "ca_file": str(cert[0]), **other}
    return MailServer(ServerSettings(port=sink.port, **given))  # type: ignore[arg-type]  # the words are right


def loop(world: World, outlet: Outlet, folder: MailFolder | None = None) -> MailLoop:
    """folder: when mail does not go there."""
    own = outlet if isinstance(outlet, MailFolder) else folder or MailFolder(Path("no-folder"))
    return MailLoop(world.db, world.keys, outlet, own, SENDER, threading.Event(), threading.Event())


def test_a_mail_goes_out_over_tls_with_a_login_and_is_no_row_any_more(
    world: World, sink: Sink, cert: tuple[Path, Path]
) -> None:
    token = ask(world, world.phone())
    assert loop(world, server(sink, cert, user="tl", password="secret-word")).send_due() == 1
    (got,) = sink.mails
    assert (got["To"], got["From"], got["Auto-Submitted"]) == (ADA, SENDER, "auto-generated")
    plain, html = got.get_body(("plain",)), got.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert f"https://id.example/app/#email={token}" in plain.get_content()
    assert f'href="https://id.example/app/#email={token}"' in html.get_content()
    assert sink.logins == [("tl", "secret-word")]
    assert [line.split(" ")[0] for line in sink.heard_in_clear] == ["ehlo", "STARTTLS"]
    assert world.rows("mail") == []


def test_tls_from_the_first_byte_works_too(world: World, cert: tuple[Path, Path]) -> None:
    with running_sink(Sink(), cert, tls_first=True) as sink:
        ask(world, world.phone())
        loop(world, server(sink, cert, security="tls")).send_due()
        assert len(sink.mails) == 1


def test_a_server_without_tls_or_with_a_certificate_of_nobody_gets_no_mail_and_no_password(
    world: World, cert: tuple[Path, Path]
) -> None:
    ask(world, world.phone())
    with running_sink(Sink(starttls=False), cert) as plain:
        loop(world, server(plain, cert, user="tl", password="secret-word")).send_due()
        assert (plain.mails, plain.logins) == ([], [])
    world.clock.advance(minutes=6)
    with running_sink(Sink(), cert) as stranger:
        loop(world, server(stranger, cert, ca_file="", user="tl", password="secret-word")).send_due()
        assert (stranger.mails, stranger.logins) == ([], [])
    (waiting,) = world.rows("mail")
    assert waiting.attempts == 2


def test_what_fails_is_tried_again_later_and_later_until_it_is_too_late(
    world: World, sink: Sink, cert: tuple[Path, Path]
) -> None:
    sink.replies = ["451 later"] * 3
    ask(world, world.phone())
    going = loop(world, server(sink, cert))
    waits = []
    for _ in range(3):
        assert going.send_due() == 1
        (row,) = world.rows("mail")
        waits.append((row.not_before - world.clock()).total_seconds())
        assert going.send_due() == 0, "not before its time"
        world.clock.now = row.not_before
    assert waits == [10, 20, 40]
    assert going.send_due() == 1
    assert len(sink.mails) == 1


def test_a_mail_whose_link_has_expired_is_dropped(world: World, sink: Sink, cert: tuple[Path, Path]) -> None:
    ask(world, world.phone())
    world.clock.advance(minutes=30)
    assert loop(world, server(sink, cert)).send_due() == 0
    assert sink.mails == []
    assert world.rows("mail") == []


def test_what_a_server_refuses_for_good_is_dropped_and_no_log_names_the_address(
    world: World, sink: Sink, cert: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sink.replies = ["550 no such mailbox ada@example.com"]
    ask(world, world.phone())
    loop(world, server(sink, cert)).send_due()
    assert world.rows("mail") == []
    assert "refused for good" in caplog.text
    assert ADA not in caplog.text
    assert "tle_" not in caplog.text


def test_nothing_leaves_when_the_transaction_does_not_commit(world: World) -> None:
    phone = world.phone()

    def asks_and_fails() -> None:
        with world.db.transaction() as tx:
            mail.queue(tx, world.keys, phone.person_id, LETTER, tx.now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asks_and_fails()
    assert world.rows("mail") == []


LETTER = Letter(kind="verify", to=ADA, language="de", link="https://id.example/app/#email=x", minutes=30)


def test_two_loops_send_each_mail_once(world: World, sink: Sink, cert: tuple[Path, Path]) -> None:
    for number in range(4):
        ask(world, world.phone(), f"a{number}@example.com")
    loops = [threading.Thread(target=loop(world, server(sink, cert)).send_due) for _ in range(3)]
    for one in loops:
        one.start()
    for one in loops:
        one.join(60)
    assert sorted(str(got["To"]) for got in sink.mails) == [f"a{number}@example.com" for number in range(4)]


# --- the folder ---


def test_without_a_server_mail_lies_in_files_for_this_user_alone(world: World, tmp_path: Path) -> None:
    token = ask(world, world.phone())
    loop(world, MailFolder(tmp_path / "mail")).send_due()
    (file,) = (tmp_path / "mail").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "mail").stat().st_mode & 0o777 == 0o700
    assert file.suffix == ".eml"
    got = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert got["To"] == ADA
    assert token in str(got.get_body(("plain",)).get_content())  # type: ignore[union-attr]  # it has one
    assert loop(world, MailFolder(tmp_path / "mail")).send_due() == 0


def test_leaving_removes_what_waits_and_what_lies_in_the_folder(world: World, tmp_path: Path) -> None:
    folder = MailFolder(tmp_path / "mail")
    phone, other = world.phone(), world.phone()
    prove(world, phone)
    ask(world, other, "bob@example.com")
    loop(world, folder).send_due()
    assert len(list((tmp_path / "mail").iterdir())) == 2
    ask(world, phone, "late@example.com")
    world.db.listeners.append(lambda changes: mail.clean(world.db, folder) if changes.mail else None)
    world.menus.opt_out(phone.token)
    (left,) = (tmp_path / "mail").iterdir()
    assert b"bob@example.com" in left.read_bytes()
    assert len(world.rows("mail")) == 1


def test_a_mail_that_is_taken_back_while_it_is_being_written_does_not_stay(world: World, tmp_path: Path) -> None:
    phone = world.phone()
    ask(world, phone)

    class Slow(MailFolder):
        def send(self, mail_id: str, message: EmailMessage) -> None:
            world.menus.opt_out(phone.token)
            super().send(mail_id, message)

    loop(world, Slow(tmp_path / "mail")).send_due()
    assert list((tmp_path / "mail").iterdir()) == []


def test_files_go_when_their_links_have_expired(world: World, tmp_path: Path) -> None:
    ask(world, world.phone())
    going = loop(world, MailFolder(tmp_path / "mail"))
    going.send_due()
    world.clock.advance(minutes=31)
    going.send_due()
    going.send_due()
    assert list((tmp_path / "mail").iterdir()) == []


def test_files_go_also_when_a_mail_server_was_set_since(world: World, tmp_path: Path) -> None:
    class Server:
        def send(self, mail_id: str, message: EmailMessage) -> None:
            pass

    folder = MailFolder(tmp_path / "mail")
    leaver, other = world.phone(), world.phone()
    ask(world, leaver)
    ask(world, other, "bob@example.com")
    loop(world, folder).send_due()
    now = loop(world, Server(), folder)
    now.send_due()
    assert len(list((tmp_path / "mail").iterdir())) == 2
    world.menus.opt_out(leaver.token)
    now.send_due()
    (left,) = (tmp_path / "mail").iterdir()
    assert b"bob@example.com" in left.read_bytes()
    world.clock.advance(minutes=31)
    now.send_due()
    now.send_due()
    assert list((tmp_path / "mail").iterdir()) == []


async def test_a_process_with_a_mail_server_cleans_the_folder_when_somebody_leaves(
    sqlite_world: World, tmp_path: Path
) -> None:
    settings = load_settings(data_dir=tmp_path, smtp_host="mail.example.com")
    phone = sqlite_world.phone()
    ask(sqlite_world, phone)
    loop(sqlite_world, MailFolder(settings.mail_dir)).send_due()
    app = make_app(settings, sqlite_world.db, sqlite_world.keys)
    assert len(list(settings.mail_dir.iterdir())) == 1
    sqlite_world.menus.opt_out(phone.token)
    assert list(settings.mail_dir.iterdir()) == []
    app.state.hub.close()


# --- settings ---


def test_a_password_comes_from_a_file_that_only_this_user_may_read(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret-word\n")
    file.chmod(0o644)
    given = {"smtp_host": "mail.example.com", "smtp_user": "tl", "smtp_password_file": str(file)}
    with pytest.raises(SetupError):
        outlet_of(load_settings(**given))
    file.chmod(0o600)
    assert isinstance(outlet_of(load_settings(**given)), MailServer)
    with pytest.raises(SetupError):
        outlet_of(load_settings(smtp_host="mail.example.com", smtp_user="tl"))
    assert isinstance(outlet_of(load_settings()), MailFolder)


@pytest.mark.parametrize("sender", ["", "nobody", "A <a@b.c>\r\nBcc: x@y.z", "a@b@c"])
def test_a_sender_that_is_none_is_refused_at_the_start(sender: str) -> None:
    with pytest.raises(SetupError):
        load_settings(mail_sender=sender)


def test_a_mail_that_cannot_be_made_holds_up_none_of_the_others(
    world: World, sink: Sink, cert: tuple[Path, Path]
) -> None:
    spoiled = Letter(kind="verify", to="=?utf-8?q?ada?=@example.com", language="en", link="https://id.example/app/")
    expires_at = world.clock() + timedelta(minutes=30)
    person_id = world.phone().person_id
    world.run(lambda tx: mail.queue(tx, world.keys, person_id, spoiled, expires_at))
    ask(world, world.phone())
    assert loop(world, server(sink, cert)).send_due() == 2
    assert [got["To"] for got in sink.mails] == [ADA]
    (row,) = world.rows("mail")
    assert (row.attempts, row.not_before - world.clock()) == (1, timedelta(seconds=10)), "it is tried again later"
