"""What content is refused for: with its file, its line, and what would be right."""

import tomllib
from pathlib import Path
from shutil import copytree

import pytest

from cloud.record.events import SurveyKind
from device_sim.printer import Model as PrinterModel
from mobile_menu import content_loader
from mobile_menu.content_loader import ContentError, load_content, read_content
from mobile_menu.rules.content import Content
from mobile_menu.rules.content_tests import failures
from mobile_menu.rules.names import SURVEYS
from mobile_menu.rules.source import Fault

PRINTER = Path("mobile_menu/content/printer")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(copytree(PRINTER, tmp_path / "printer"))


IDLE = '[[tests]]\nname = "idle"\nsituation = { journey_id = "j", stage = "support", profile = "printer" }\n'
REFUSALS = [
    ("tests.toml", "tracking_url", "tracking_uri", "a situation has no tracking_uri"),
    ("tests.toml", "redeemed = true", "redeemd = true", "and there is no second one: a situation has"),
    ("tests.toml", "pages_total = 12.0", "pages_total = 1e308", "/device/usage/pages_total: a number is between"),
    ("tests.toml", "hides = [", 'hides = ["cupon", ', "there is no item cupon to hide; did you mean `coupon`?"),
    ("tests.toml", 'profile = "printer"', 'profile = "coffee"', "its situation is of the profile coffee, and this is"),
    ("tests.toml", 'reasons = ["media-jam"]', 'reasons = ["media-jma"]', "tells media-jma; did you mean `media-jam`?"),
    (
        "tests.toml",
        "[[tests]]\n",
        f"{IDLE}[[tests]]\n",
        "idle: it asks for nothing",
    ),
    ("always.toml", 'section = "help"', 'section = "hepl"', "always.toml:4: expert: there is no section hepl"),
    (
        "before.toml",
        "when = 'stage == \"interested\"'",
        "when = 'stage == \"intersted\"'",
        "before.toml:{at}:18: what-it-can-do: `stage` is never `intersted`; did you mean `interested`?",
    ),
    (
        "before.toml",
        "when = 'stage ==",
        "when = 'phase ==",
        "before.toml:{at}:9: what-it-can-do: unknown name `phase`",
    ),
    (
        "before.toml",
        "'stage == \"interested\"'",
        '{ stage = ["interested"] }',
        "before.toml:{at}: Expected `str`, got `object`",
    ),
    (
        "fixes.toml",
        '"media-jam" in device.reasons',
        '"media-jam" in device.reason',
        "fixes.toml:{at}:19: clear-jam: unknown name `device.reason`; did you mean `device.reasons`?",
    ),
    (
        "fixes.toml",
        '"door-open" in',
        '"door-opens" in',
        "fixes.toml:{at}:4: close-door: `device.reasons` is never `door-opens`; did you mean `door-open`?",
    ),
    (
        "fixes.toml",
        'next_step in ["unpack", "install_supplies"',
        'next_step in ["unpack", "install_supply"',
        "`next_step` is never `install_supply`; did you mean `install_supplies`?",
    ),
    (
        "before.toml",
        "[[items.boosts]]\npriority = 110\nwhen = 'place.zone ==",
        "[[items.boosts]]\npriority = 110\nwhen = 'place.zone <",
        "before.toml:{at}:20: coupon: words have no order",
    ),
    (
        "before.toml",
        "when = 'place.zone == \"shop\"'",
        'when = \'place.zone == "shop" && stage == "closed"\'',
        "before.toml:{at}:9: coupon: no situation gives it the priority 110",
    ),
    (
        "profile.toml",
        "when = 'stage == \"interested\"'",
        'when = \'stage == "interested" && onlooker == "elsewhere"\'',
        "title-interested: no situation is left to it by those before it",
    ),
    (
        "profile.toml",
        "when = 'stage == \"closed\"'",
        "when = 'stage = \"closed\"'",
        "profile.toml:{at}:15: title-closed: `=` compares nothing; write `==`",
    ),
    (
        "support.toml",
        '"nps" in relation.surveys_due',
        '"npz" in relation.surveys_due',
        "support.toml:{at}:25: survey-nps: `relation.surveys_due` is never `npz`; did you mean `nps`?",
    ),
    (
        "support.toml",
        '"pages_total" in device.usage\'',
        'device.usage["pages_totl"] > 1\'',
        "support.toml:{at}:78: usage: `device.usage` is never `pages_totl`; did you mean `pages_total`?",
    ),
    (
        "support.toml",
        '"restart" in device.commands',
        '"restrat" in device.commands',
        "support.toml:{at}:47: restart: `device.commands` is never `restrat`; did you mean `restart`?",
    ),
    (
        "support.toml",
        'arguments = { name = "restart" }',
        'arguments = { name = "explode" }',
        "restart: the machine has no command explode; it is one of cancel_job",
    ),
    (
        "support.toml",
        'arguments = { survey = "nps" }',
        'arguments = { survey = "nsp" }',
        "survey-nps: there is no survey nsp; did you mean `nps`?",
    ),
    ("always.toml", '"/menu/v1/export"', '"/menu/v1/exprot"', "there is no call GET /menu/v1/exprot; did you mean"),
    ("install.toml", "unpack = [", "nope = []\nunpack = [", "the machine has no step nope; it is one of unpack"),
    (
        "stages.en.ftl",
        "step-unpack =",
        "step-unpakc = x\nstep-unpack =",
        "stages.en.ftl:{at}: step-unpakc: the machine has no step unpakc; did you mean `unpack`?",
    ),
    (
        "frame.en.ftl",
        "product = printer",
        "product = printer\nreason-media-jma = x",
        "frame.en.ftl:4: reason-media-jma: the machine has no reason media-jma; did you mean `media-jam`?",
    ),
    (
        "stages.en.ftl",
        "item-watch = See it",
        "item-watch = See { $usage_pages_totl } it",
        "nothing tells the variable usage_pages_totl; did you mean `usage_pages_total`?",
    ),
    ("fixes.toml", 'next_step in ["unpack"', 'next_step in ["unpack.step-1"', "`next_step` is never `unpack.step-1`"),
    ("before.toml", "priority = 90\n", "priority = 90\nwen = 1\n", "before.toml:{at}:"),
    ("before.toml", "priority = 90\n", 'priority = "90"\n', "before.toml:{at}:"),
    ("before.toml", "priority = 90\n", "priority = = 90\n", "before.toml:{at}:"),
    ("before.toml", 'id = "watch"', 'id = "compare"', "before.toml:{at}: the item compare is there twice"),
    (
        "profile.toml",
        '[[sections]]\nid = "fix"',
        '[[sections]]\nid = "yours"',
        "profile.toml:13: the section yours is there twice; first at profile.toml:11",
    ),
    (
        "profile.toml",
        '["en", "de", "ar"]',
        '["en", "de", "ar", "de"]',
        "profile.toml:{at}: the language de is there twice",
    ),
    (
        "stages.de.ftl",
        "item-watch = In",
        "product = x\nitem-watch = In",
        "stages.de.ftl:{at}: the message product is there twice; first at frame.de.ftl:3",
    ),
    ("before.toml", 'id = "watch"', 'id = "step-watch"', "looks like one of a repeated item"),
    ("before.toml", 'link = "video"', 'link = "video"\norder = { do = "note" }', "one of link, call, order"),
    ("support.toml", 'do = "survey", ', 'do = "note", ', "survey-nps: a survey is of kind survey"),
    ("support.toml", 'choices = ["0", ', 'choices = ["1", ', "survey-nps: a survey, and nothing else, has choices"),
    ("support.toml", 'arguments = { survey = "nps" }', 'arguments = { poll = "nps" }', "says which survey it is"),
    ("support.toml", 'choices = ["0", ', 'choices = ["none", ', "support.toml:"),
    ("support.toml", "priority = 64\n", 'priority = 64\nchoices = ["1"]\n', "test-page: a survey, and nothing else"),
    ("frame.en.ftl", "progress = {", "progres = {", "progress"),
    (
        "fixes.toml",
        '"media-jam" in device.reasons',
        '"media-jam" in device.reasons && !device.reason_told',
        "clear-jam: no situation can show it",
    ),
    ("always.toml", 'kind = "expert"', 'kind = "guide"', "needs an item of kind expert"),
    (
        "always.toml",
        "priority = 4\n",
        "priority = 4\nwhen = 'stage != \"closed\" || place.proven'\n",
        "POST /menu/v1/opt-out; there is none where stage is closed",
    ),
    ("always.toml", "priority = 4\n", "priority = 4\noffering = true\n", "POST /menu/v1/opt-out; there is none where"),
    ("always.toml", "priority = 4\n", 'priority = 4\neach = "step"\n', "POST /menu/v1/opt-out; there is none where"),
    ("profile.toml", 'languages = ["en", "de", "ar"]', 'languages = ["en", "fr"]', "no texts in fr"),
    ("profile.toml", '[[titles]]\ntext = "title-support"\n', "", "the last of titles"),
    (
        "fixes.de.ftl",
        "    .step-7 = Schließen Sie die Klappe und",
        "    .step-8 = Schließen Sie die Klappe und",
        "fixes.de.ftl:3: the text item-clear-jam.step-8 is missing in en",
    ),
    ("stages.de.ftl", "item-watch = In Aktion sehen\n", "", "the text item-watch is missing in de"),
    ("stages.ar.ftl", "item-watch = مشاهدتها وهي تعمل\n", "", "the text item-watch is missing in ar"),
    ("stages.en.ftl", "item-watch = See it", "item-watch = See { $its } it", "nothing tells the variable its"),
    ("stages.en.ftl", "item-watch =", "item-watch", "stages.en.ftl:"),
    ("stages.en.ftl", "item-watch = See it", "item-watch = See { item-watch } it", "{at}: quotes the text item-watch"),
    ("stages.en.ftl", "item-watch = See it", "item-watch = See { item-x.step-1 } it", "{at}: quotes the text item-x"),
    ("stages.en.ftl", "item-watch = See it", "item-watch = See { -it }", "{at}: quotes the term -it"),
    ("stages.en.ftl", "item-watch = See it", 'item-watch = See { JS("it") }', "{at}: there is no function JS"),
    ("stages.en.ftl", "item-watch = See it", "item-watch = See <script>it</script>", "{at}: a text is words"),
    ("stages.en.ftl", "item-watch = See it", 'item-watch = See { "\\u003Cb>" } it', "{at}: a text is words"),
    ("stages.en.ftl", "item-watch = See it", f"item-watch = {'See' * 667} it", "{at}: a text has at most 2000"),
    ("stages.en.ftl", "item-watch = See it", f"item-watch = {'{' * 900}", "braces stand too deep in each other"),
    ("before.toml", "priority = 90\n", f"priority = {'[' * 900}\n", "before.toml:1: lists and tables stand too deep"),
    ("reasons.csv", "keyword,", "kyword,", "reasons.csv:2: a line has a keyword and a label_en"),
    ("reasons.csv", ",", ",<b>", "reasons.csv:"),
    ("frame.en.ftl", "product = printer", "product = printer\nunheard = of", "unheard"),
    (
        "frame.en.ftl",
        "product = printer",
        "product = { product }",
        "frame.en.ftl:{at}: quotes the text product",
    ),
    ("frame.en.ftl", "product = printer", "product = { -brand }", "quotes the term -brand"),
    (
        "frame.en.ftl",
        "product = printer",
        "product = { SHOUT($model) }",
        "frame.en.ftl:{at}: there is no function SHOUT",
    ),
    (
        "frame.en.ftl",
        "product = printer",
        "product = " + "{ " * 2000 + "$model" + " }" * 2000,
        "too deep in each other",
    ),
    (
        "always.toml",
        'id = "expert"',
        "id = " + "[" * 5000 + "]" * 5000,
        "always.toml:1: lists and tables stand too deep",
    ),
    ("reasons.csv", "keyword,label_en", "word,label", "a line has a keyword and a label_en"),
    ("reasons.csv", "Bander added", "x" * 140_000, "field larger than"),
    (
        "profile.toml",
        'languages = ["en", "de", "ar"]',
        'languages = ["en", "tlh"]',
        "tlh is no language that CLDR knows",
    ),
    (
        "profile.toml",
        'languages = ["en", "de", "ar"]',
        'languages = ["en", "e.n"]',
        "e.n is no language that CLDR knows",
    ),
    ("frame.en.ftl", "product = printer", "product = printer\nproduct = again", "frame.en.ftl:4: the message product"),
]


@pytest.mark.parametrize(("file", "old", "new", "said"), REFUSALS, ids=lambda value: str(value)[:40])
def test_content_that_cannot_be_shown_is_refused_with_its_place(
    folder: Path, file: str, old: str, new: str, said: str
) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError) as refused:
        read_content("printer", folder)
    first = next((at for at, (was, became) in enumerate(zip(old, new, strict=False)) if was != became), len(old))
    assert said.replace("{at}", str(text.count("\n", 0, text.index(old) + first) + 1)) in refused.value.detail
    assert refused.value.code == "content_invalid"
    assert refused.value.line >= 1


def test_a_profile_with_a_fault_takes_no_picture_from_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load_content("printer")

    def load(profile: str) -> Content:
        if profile == "coffee":
            raise ContentError(Fault("items.toml", 1, "broken"))
        return loaded

    digest = loaded.pictures["plug-in"].digest
    monkeypatch.setattr(content_loader, "load_content", load)
    monkeypatch.setattr(content_loader, "_pictures_by_digest", content_loader._pictures_by_digest.__wrapped__)  # noqa: SLF001 - without what it remembers
    assert content_loader.find_picture(digest) == loaded.pictures["plug-in"]


def test_an_offer_that_only_shows_in_distress_is_refused_because_nobody_would_see_it(folder: Path) -> None:
    path = folder / "support.toml"
    path.write_text(
        path.read_text(encoding="utf-8")
        .replace("needed_for_fix = true\n", "")
        .replace(
            'device.level in ["error", "attention"]\n&& role in ["owner", "household"]\n&& sets',
            'device.level == "error"\n&& role in ["owner", "household"]\n&& sets',
        ),
        encoding="utf-8",
    )
    with pytest.raises(ContentError, match="reorder-now: no situation can show it"):
        read_content("printer", folder)


def test_a_profile_without_content_is_refused() -> None:
    with pytest.raises(ContentError, match=r"there is no profile \.\./printer"):
        load_content("../printer")


def test_help_may_be_several_items_when_every_situation_has_one_of_them(folder: Path) -> None:
    path = folder / "always.toml"
    text = path.read_text(encoding="utf-8")
    head = text[text.index("[[items]]") : text.index("[[items.boosts]]")]
    closed = head.replace('"expert"\nsection', '"export-closed"\nsection')
    assert closed != head
    path.write_text(
        text.replace(head, head + "when = 'stage != \"closed\"'\n") + closed + "when = 'stage == \"closed\"'\n",
        encoding="utf-8",
    )
    for file in sorted(folder.glob("frame.*.ftl")):
        words = file.read_text(encoding="utf-8")
        file.write_text(words + "item-export-closed = Help\n    .detail = x\n    .badge = x\n", encoding="utf-8")
    content = read_content("printer", folder)
    assert "export-closed" in content.ready


def test_content_is_read_once() -> None:
    assert load_content("printer") is load_content("printer")


def test_the_surveys_that_content_may_ask_are_those_that_the_record_keeps() -> None:
    assert set(SURVEYS) == {one.value for one in SurveyKind}


def test_the_commands_that_the_printers_content_may_offer_are_known_to_printers() -> None:
    machine = tomllib.loads((PRINTER / "machine" / "profile.toml").read_text(encoding="utf-8"))
    assert set(machine["commands"]) <= set(PrinterModel().capabilities)


def test_content_of_a_machine_that_nobody_knows_is_refused(folder: Path) -> None:
    (folder / "machine" / "profile.toml").unlink()
    assert read_content("printer", folder).profile == "printer", "as it came with the program"
    with pytest.raises(ContentError, match=r"machine/profile\.toml:1: is missing"):
        read_content("lamp", folder)


@pytest.mark.parametrize(("text", "said"), [(None, "is missing"), ("tests = []\n", "has no test")])
def test_content_without_a_test_of_its_own_is_refused(folder: Path, text: str | None, said: str) -> None:
    (folder / "tests.toml").unlink()
    if text is not None:
        (folder / "tests.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=rf"^tests\.toml:1: {said}"):
        read_content("printer", folder)


def test_items_in_one_line_are_faulted_at_that_line_and_both_places_are_told(folder: Path) -> None:
    item = '{ id = "odd", section = "hepl", kind = "guide" }'
    (folder / "more.toml").write_text(f"# in one line\nitems = [{item}]\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"^more\.toml:2: odd: there is no section hepl"):
        read_content("printer", folder)
    (folder / "more.toml").write_text(f"items = [\n{item},\n{item},\n]\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"^more\.toml:3: the item odd is there twice; first at more\.toml:2"):
        read_content("printer", folder)


@pytest.mark.parametrize(
    ("language", "broken"),
    [
        ("en", "{ DATETIME($model) }"),
        ("de", "{ DATETIME($model) }"),
        ("ar", "{ NUMBER($steps_all, minimumFractionDigits: 5000) }"),
        ("en", "{ NUMBER(1, minimumFractionDigits: 5000) }"),
    ],
)
def test_a_text_that_fluent_cannot_write_is_a_failure_in_the_language_that_has_it(
    folder: Path, language: str, broken: str
) -> None:
    path = folder / f"frame.{language}.ftl"
    lines = path.read_text(encoding="utf-8").splitlines()
    changed = [f"title-support = A {broken}" if one.startswith("title-support =") else one for one in lines]
    assert changed != lines
    path.write_text("\n".join(changed) + "\n", encoding="utf-8")
    told = [one for one in failures(read_content("printer", folder)) if "cannot be written" in one]
    assert [one.partition(":")[0] for one in told] == [f"title-support in {language} cannot be written"]
