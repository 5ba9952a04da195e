"""What a mail says, in the reader's language, as plain text and as simple HTML. Pure but for reading its words.

A letter is a value; `message` makes the mail of it. Headers are set through `email.message` with the SMTP policy, which
refuses a line break in any of them.
"""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

import msgspec
from fluent.runtime import FluentBundle, FluentResource

WORDS: Final = Path(__file__).parent
LANGUAGES: Final = ("en", "de", "ar")
RIGHT_TO_LEFT: Final = frozenset({"ar"})
PARTS: Final = {
    "verify": (("greeting", "why"), ("only-here", "lasts", "not-you")),
    "joined": (("greeting", "why", "was-you", "not-you"), ("told",)),
    "removed": (("greeting", "why", "was-you", "not-you"), ()),
}
"""The paragraphs of each kind, in their order: before the link, and after it."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """kind: which words, of `PARTS`. to: an address in its one spelling. link: where it leads. minutes: how
    long that counts, when it is no page that is always there.
    """

    kind: str
    to: str
    language: str
    link: str
    minutes: int = 0


def message(letter: Letter, sender: str, message_id: str, at: datetime) -> EmailMessage:
    """The mail. Raises ValueError for a sender or receiver that is no address."""
    before, after = PARTS[letter.kind]
    subject, said = _say(letter, "subject"), {part: _say(letter, part) for part in (*before, *after, "go")}
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = subject
    name, address = parseaddr(sender)
    mail["From"] = Address(name, addr_spec=address)
    mail["To"] = Address(addr_spec=letter.to)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message_id}@{Address(addr_spec=address).domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine shall answer
    mail.set_content(_plain(letter, said))
    mail.add_alternative(_html(letter, subject, said), subtype="html")
    mail["Content-Language"] = _known(letter.language)  # what sets the content takes such headers away
    return mail


def _plain(letter: Letter, said: dict[str, str]) -> str:
    before, after = PARTS[letter.kind]
    return "\n\n".join([*(said[part] for part in before), letter.link, *(said[part] for part in after)]) + "\n"


def _html(letter: Letter, subject: str, said: dict[str, str]) -> str:
    paragraphs = {part: f"<p>{escape(text)}</p>" for part, text in said.items()}
    link = f'<p><a href="{escape(letter.link, quote=True)}">{escape(said["go"])}</a></p>'
    before, after = PARTS[letter.kind]
    body = [*(paragraphs[part] for part in before), link, *(paragraphs[part] for part in after)]
    head = f'<meta charset="utf-8"><title>{escape(subject)}</title>'
    known = _known(letter.language)
    # On the body too: some readers of mail keep only what stands in there.
    way = f'lang="{known}" dir="{"rtl" if known in RIGHT_TO_LEFT else "ltr"}"'
    return f"<!doctype html><html {way}><head>{head}</head><body {way}>{''.join(body)}</body></html>"


def _known(language: str) -> str:
    return language if language in LANGUAGES else LANGUAGES[0]


def _say(letter: Letter, part: str) -> str:
    bundle = _bundle(_known(letter.language))
    pattern = bundle.get_message(f"{letter.kind}-{part}").value
    if pattern is None:
        raise KeyError(part)
    text, problems = bundle.format_pattern(pattern, {"minutes": letter.minutes})
    if problems:
        raise problems[0]
    return str(text)


@cache
def _bundle(language: str) -> FluentBundle:
    bundle = FluentBundle([language], use_isolating=False)
    bundle.add_resource(FluentResource((WORDS / f"letters.{language}.ftl").read_text("utf-8")))
    return bundle
