"""Menus as a printer's owner gets them, one per situation. Built from the real form, so that they cannot drift."""

import io
from datetime import UTC, datetime
from urllib.parse import quote

import qrcode
import qrcode.image.svg

from broker.contract.stages import Stage
from mobile_menu.rules.menu import Action, GuideStep, Item, Kind, Menu, Section, StatusLine

JOURNEY = "j-printer"
SINCE = datetime(2026, 11, 20, 14, 32, tzinfo=UTC)


def post(item_id: str, confirm: str | None = None) -> Action:
    return Action(method="POST", href=f"/menu/v1/items/{item_id}", confirm=confirm)


def link(href: str) -> Action:
    return Action(method="GET", href=href)


def qr_uri(text: str) -> str:
    """The QR code of a text as an SVG data URI."""
    out = io.BytesIO()
    qrcode.make(text, image_factory=qrcode.image.svg.SvgPathImage, border=1).save(out)
    return "data:image/svg+xml," + quote(out.getvalue().decode())


def guide(*texts: str) -> tuple[GuideStep, ...]:
    """Steps without pictures."""
    return tuple(GuideStep(text=text, picture="") for text in texts)


EXPERT = Item(
    id="expert", kind=Kind.EXPERT, title="Talk to an expert", detail="A person answers, right here", icon="expert"
)
PRIVACY = Item(id="privacy", kind=Kind.PRIVACY, title="Your data", detail="Take it with you, or leave", icon="shield")
LEAVE = Item(
    id="opt-out",
    kind=Kind.PRIVACY,
    title="Leave, and have everything erased",
    detail="At once and everywhere",
    icon="leave",
    action=Action(method="POST", href="/menu/v1/opt-out", confirm="This erases everything. Do you want to leave?"),
)
HELP = Section(id="help", title="Always here", items=(EXPERT, PRIVACY))

CLEAR_JAM = Item(
    id="clear-jam",
    kind=Kind.GUIDE,
    title="Clear the paper jam",
    detail="Three steps, about a minute",
    icon="jam",
    action=post("clear-jam"),
    because=("stage=support", "reason=media-jam", "proximity=here"),
    steps=guide(
        "Open the rear door: press the grey latch down.",
        "Pull the sheet out with both hands, slowly and straight.",
        "Close the rear door until it clicks.",
    ),
)
RESTART = Item(
    id="restart",
    kind=Kind.COMMAND,
    title="Restart it from here",
    detail="Takes two minutes",
    icon="power",
    action=post("restart", confirm="Restart your printer now? What it is printing will be lost."),
    because=("stage=support", "level=error", "role=owner"),
)


def menu(
    stage: Stage,
    status: StatusLine,
    *sections: Section,
    title: str = "Your LaserJet Pro",
    language: str = "en",
    etag: str = "",
    journey: str = JOURNEY,
) -> Menu:
    return Menu(
        journey=journey,
        stage=stage,
        title=title,
        language=language,
        status=status,
        sections=(*sections, HELP),
        etag=etag or f"{stage}-{status.level}-{language}",
    )


def support_ok() -> Menu:
    return menu(
        Stage.SUPPORT,
        StatusLine(text="Ready to print", level="ok", since=SINCE),
        Section(
            id="supplies",
            title="Good to know",
            items=(
                Item(
                    id="toner",
                    kind=Kind.LINK,
                    title="Black toner lasts about 9 days",
                    detail="You print 24 pages a day",
                    icon="toner",
                    because=("stage=support", "days_left=true", "not(in_distress=true)"),
                ),
                Item(
                    id="tip",
                    kind=Kind.GUIDE,
                    title="Save paper with both sides",
                    detail="A tip from how you print",
                    icon="idea",
                    action=post("tip"),
                    steps=guide("Open the print settings.", "Choose “Both sides”."),
                ),
            ),
        ),
        Section(
            id="more",
            title="Do more",
            items=(
                Item(
                    id="reorder",
                    kind=Kind.REORDER,
                    title="Order toner",
                    detail="Arrives in two days",
                    icon="cart",
                    action=link("https://shop.example/toner"),
                ),
                Item(
                    id="share",
                    kind=Kind.SHARE,
                    title="Recommend it to a friend",
                    detail="Both of you get $20",
                    icon="gift",
                    action=link("/r/k3m9"),
                ),
            ),
        ),
    )


def support_jam() -> Menu:
    return menu(
        Stage.SUPPORT,
        StatusLine(text="Paper jam", level="error", since=SINCE),
        Section(id="fix", title="Fix it now", items=(CLEAR_JAM, RESTART)),
    )


def support_jam_german() -> Menu:
    fix = Item(
        id="clear-jam",
        kind=Kind.GUIDE,
        title="Papierstau beheben",
        detail="Drei Schritte, etwa eine Minute",
        icon="jam",
        action=post("clear-jam"),
        because=CLEAR_JAM.because,
        steps=guide(
            "Öffnen Sie die hintere Klappe.", "Ziehen Sie das Blatt gerade heraus.", "Schließen Sie die Klappe."
        ),
    )
    return menu(
        Stage.SUPPORT,
        StatusLine(text="Papierstau", level="error", since=SINCE),
        Section(id="fix", title="Jetzt beheben", items=(fix,)),
        title="Ihr LaserJet Pro",
        language="de",
    )


def shop_coupon() -> Menu:
    coupon = Item(
        id="coupon",
        kind=Kind.COUPON,
        title="$50 off, today in this shop",
        detail="Valid until 30 November",
        icon="coupon",
        action=post("coupon"),
        badge="$50",
        because=("stage=engaged", "proximity=shop", "has_coupon=true"),
        code="THRU-7K4M-50",
        qr=qr_uri("THRU-7K4M-50"),
    )
    shelf = Item(id="shelf", kind=Kind.LINK, title="Find it on the shelf", detail="Aisle 4, on the left", icon="pin")
    sample = Item(
        id="sample", kind=Kind.COMMAND, title="Print a sample page", icon="print", action=post("sample"), badge="Demo"
    )
    compare = Item(
        id="compare",
        kind=Kind.LINK,
        title="Compare models",
        icon="compare",
        action=link("https://shop.example/compare"),
    )
    return menu(
        Stage.ENGAGED,
        StatusLine(text="You are at Marta's Print Corner", level="none"),
        Section(id="offer", title="For you, here", items=(coupon, shelf)),
        Section(id="try", title="Try it", items=(sample, compare)),
        title="LaserJet Pro",
    )


def delivery_late() -> Menu:
    wait = Item(id="wait", kind=Kind.SETTING, title="I will wait", icon="clock", action=post("wait"))
    call = Item(id="call", kind=Kind.SETTING, title="Call me about it", icon="phone", action=post("call"))
    cancel = Item(
        id="cancel",
        kind=Kind.SETTING,
        title="Cancel my order",
        icon="return",
        action=post("cancel", confirm="Cancel the order? You get your money back."),
    )
    track = Item(
        id="track",
        kind=Kind.TRACK,
        title="Where is my printer?",
        detail="Held at the depot in Lyon. New day: Tuesday",
        icon="truck",
        action=link("https://carrier.example/track/1Z"),
    )
    return menu(
        Stage.DELIVERY,
        StatusLine(text="Your parcel is late", level="attention", since=SINCE),
        Section(id="parcel", title="What happened", items=(track, wait, call, cancel)),
    )


def install_checklist() -> Menu:
    def step(step_id: str, title: str, done: bool, witness: str = "", detail: str = "", icon: str = "") -> Item:
        because = ("stage=install", f"step={step_id}", *((f"done_by={witness}",) if witness else ()))
        action = None if done else post(step_id)
        return Item(
            id=step_id,
            kind=Kind.GUIDE,
            title=title,
            detail=detail,
            icon=icon,
            action=action,
            done=done,
            because=because,
        )

    return menu(
        Stage.INSTALL,
        StatusLine(text="Waiting for paper", level="attention", since=SINCE),
        Section(
            id="checklist",
            title="Set it up",
            items=(
                step("unbox", "Take it out of the box", done=True, witness="customer", icon="box"),
                step("power", "Switch it on", done=True, witness="device", icon="power"),
                step("paper", "Load paper", done=False, detail="It notices by itself", icon="paper"),
                step("wifi", "Connect it to your Wi-Fi", done=False, detail="Have the password ready", icon="wifi"),
            ),
        ),
    )


def of_nobody() -> Menu:
    """Somebody has scanned a unit that has no owner yet."""
    form = link(f"/app/?journey={JOURNEY}&claim=1&gtin=09506000134352&serial=SN%2F123")
    yours = Item(
        id="make-it-yours",
        kind=Kind.SETTING,
        title="Make it yours",
        detail="With the code from the box.",
        icon="key",
        action=form,
        because=("stage=support", "role=visitor", "link=claim"),
    )
    status = StatusLine(text="All is well", level="ok")
    return menu(Stage.SUPPORT, status, Section(id="yours", title="Is it yours?", items=(yours,)), etag="nobody")
