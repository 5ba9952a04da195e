"""Addresses for tests: asked for, proven by the link in the mail, and what waits to be sent; and lives to be joined."""

from typing import Any

from cloud.care import service as care
from cloud.identity import service as identity
from cloud.mail.letters import Letter
from cloud.record.events import ParcelStatus
from mobile_menu.account_ports import EmailLinkRefusedError, EmailVerified
from mobile_menu.ports import ChosenItem
from tests.integration.cloud.world import Phone, World

ADA = "ada@example.com"


def letters(world: World) -> list[Letter]:
    """The mails that wait, oldest first."""
    found = []
    for row in world.rows("mail"):
        value = world.read(lambda tx, row=row: identity.unseal(tx, world.keys, row.person_id, row.letter, row.id))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        found.append(Letter(**value))
    return found


def ask(world: World, phone: Phone, address: str = ADA) -> str:
    """Asks for a link, and takes its token out of the mail."""
    world.accounts.ask_email(phone.caller, address, "en")
    return letters(world)[-1].link.partition("#email=")[2]


def prove(world: World, phone: Phone, address: str = ADA) -> EmailVerified:
    return world.accounts.verify_email(phone.caller, ask(world, phone, address))


def again(world: World, phone: Phone) -> Phone:
    """The same phone, looked up anew."""
    return Phone(phone.token, world.menus.caller(phone.token, "en"), phone.refresh_token)


def refused(world: World, phone: Phone, token: str) -> bool:
    try:
        world.accounts.verify_email(phone.caller, token)
    except EmailLinkRefusedError:
        return True
    return False


def live_a_little(world: World, phone: Phone, number: int) -> None:
    """A unit of one's own with everything around it: an order, a coupon, a case, a command, a link to share."""
    unit = world.unit()
    journey = world.begin(phone).id
    world.menus.choose(phone.caller, journey, item("coupon"), f"coupon-{number}")
    order: dict[str, Any] = {"journey": journey, "serial": unit.serial, "customer": {"name": f"Name {number}"}}
    world.order(f"order-{number}", tracking_code=f"parcel-{number}", **order)
    world.parcel(f"parcel-{number}", ParcelStatus.DELIVERED)
    world.claim(phone, unit)
    world.set_up(unit)
    world.menus.choose(phone.caller, journey, item("share"), None)
    world.menus.choose(phone.caller, journey, item("command", name="print_test_page"), None)
    case = world.menus.open_case(phone.caller, journey, f"help {number}", b'{"menu":1}', f"case-{number}")
    world.run(lambda tx: care.reply(tx, world.keys, case.id, "expert", f"answer {number}"))


def item(action: str, **arguments: str) -> ChosenItem:
    return ChosenItem(id=f"item_{action}", kind="note", action=action, arguments=dict(arguments))
