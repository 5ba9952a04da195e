"""The page's own words: none said twice, the same names in each language, and Arabic that suits whoever reads it."""

import re
from itertools import pairwise

import pytest

from mobile_menu.web_files import FOLDER
from mobile_menu.web_shell import LANGUAGES, words_of

ENTRY = re.compile(r'^  (?:"([^"]+)"|(\w+)): (.*)$')
COMMANDS = frozenset(
    [
        "اضغط",
        "اختر",
        "أدخل",
        "افتح",
        "امسح",
        "انسخ",
        "اسأل",
        "اطلب",
        "اكتب",
        "ابحث",
        "اقترب",
        "انتظر",
        "ابق",
        "ابقَ",
        "أظهر",
        "أخبره",
        "أرسل",
        "أكّد",
        "أنشئ",
        "أعد",
        "اسحب",
        "حاول",
        "خذ",
        "دع",
        "سجّل",
        "شارك",
        "ضع",
        "غادر",
        "قف",
        "وافق",
        "وامحُ",
        "وحاول",
        "وأدخل",
        "وافتحه",
        "تابع",
    ]
)
"""Imperatives to a man. `يُرجى` and a verbal noun, or the noun alone, say the same to everybody."""
ADDRESSED = frozenset(["متصل", "مدعوّ", "تفقد", "تحصل", "تجد", "تتصل", "تزيله", "تؤكّد", "تستعيد", "تطمئن", "تريد"])
"""Words that only a man is told: adjectives, and verbs whose form for a woman is another one."""


def lines(language: str) -> list[str]:
    return (FOLDER / words_of(language)).read_text(encoding="utf-8").splitlines()


def entries(language: str) -> list[tuple[str, str, str]]:
    """(object, name, text as written) of each entry; what has forms has the text `{`."""
    found, inside = [], ""
    for line in lines(language):
        if opened := re.match(r"export const (\w+) = \{", line):
            inside = opened[1]
        elif entry := ENTRY.match(line):
            found.append((inside, entry[1] or entry[2], entry[3]))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_given_twice(language: str) -> None:
    names = sorted((inside, name) for inside, name, _ in entries(language))
    assert [one for one, other in pairwise(names) if one == other] == []
    assert len(names) > 400


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_has_the_same_words(language: str) -> None:
    assert [one[:2] for one in entries(language)] == [one[:2] for one in entries(LANGUAGES[0])]


def test_no_word_in_arabic_is_said_to_a_man_alone() -> None:
    said = "\n".join(lines("ar"))
    words = re.findall(r"[\u0621-\u0652]+", said)
    assert len(words) > 1500
    assert sorted(set(words) & (COMMANDS | ADDRESSED)) == []
