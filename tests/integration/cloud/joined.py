"""Addresses for tests: asked for, proven by the link in the mail, and what waits to be sent."""

from cloud.identity import service as identity
from cloud.mail.letters import Letter
from mobile_menu.account_ports import EmailLinkRefusedError, EmailVerified
from tests.integration.cloud.world import Phone, World

ADA = "ada@example.com"


def letters(world: World) -> list[Letter]:
    """The mails that wait, oldest first."""
    found = []
    for row in world.rows("mail"):
        value = world.read(lambda tx, row=row: identity.unseal(tx, world.keys, row.person_id, row.letter, row.id))  # type: ignore[misc]  # a loop's lambda
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
