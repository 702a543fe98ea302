import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.text.naming import calls
from relay.text.unicode import one_line
from tests.hostile import TEXTS

CALLED = [
    ("Vox, how is the weather?", "Vox"),
    ("@vox hi", "Vox"),
    ("hey VOX!", "Vox"),
    ("v\u200box?", "Vox"),
    ("Vox's hat, Vox\u2019s shoes", "Vox"),
    ("VOX-chan", "Vox"),
    ("(vox)", "Vox"),
    ("hi\U0001f916Vox\U0001f916", "Vox"),
    ("hi.Vox, how", "Vox"),
    ("hi [vox.*] there", "[Vox.*]"),
    ("I like C++ most", "C++"),
    ("hi \U0001f916!", "\U0001f916"),
    ("who is Mary  Ann?", "Mary Ann"),
    ("@maryann and Mary-Ann and mary_ann", "Mary Ann"),
    ("D.Va or dva", "D.Va"),
    ("Dr Vox", "Dr. Vox"),
    ("Zoe, hi", "Zo\u00eb"),
    ("Zo\u00eb, hi", "Zoe"),
    ("V\u0301\u0336ox", "Vox"),
    ("V\u043ex, V\u03bfx", "Vox"),
    ("\U0001d4e5\U0001d4f8\U0001d501 hi", "Vox"),
    ("\uff36\uff4f\uff58 hello", "Vox"),
    ("\u0130zmir", "izmir"),
    ("Voxさんは?", "Vox"),
    ("Vox야", "Vox"),
    ("ВОКС, привет", "Вокс"),
    ("Алена!", "Алёна"),
    ("ΖΩΗ", "Ζωή"),
    ("おはようヴォクスさん", "ヴォクス"),
    ("ｳﾞｫｸｽさん", "ヴォクス"),
    ("ヴォクスーー！", "ヴォクス"),
    ("花子ちゃん、元気?", "花子"),
    ("小明你好", "小明"),
    ("你好小明", "小明"),
    ("愛さん、こんにちは", "愛"),
    ("복스야 안녕", "복스"),
    ("복스님은 뭐해", "복스"),
    ("คุณวอกซ์ครับ", "วอกซ์"),
    ("يا فوكس، كيف", "فوكس"),
    ("فُـوكس؟", "فوكس"),
    ("राम जी", "राम"),
    ("@שׁרה!", "שרה"),
]
NOT_CALLED = [
    ("voxels", "Vox"),
    ("a nonvox", "Vox"),
    ("my_vox", "Vox"),
    ("@vox_fan", "Vox"),
    ("vox2", "Vox"),
    ("v o x", "Vox"),
    ("Vox\u00e9l", "Vox"),
    ("V\u043ex\u0435l", "Vox"),
    ("#vox", "Vox"),
    (":vox: lol", "Vox"),
    ("see vox.gg now", "Vox"),
    ("twitch.tv/vox", "Vox"),
    ("vox@example.com or me@vox.com", "Vox"),
    ("mary", "Mary Ann"),
    ("mary, ann is here", "Mary Ann"),
    ("the letter C", "C++"),
    ("a cop", "Сор"),
    ("Воксал", "Вокс"),
    ("Воксом", "Вокс"),
    ("ネオヴォクス", "ヴォクス"),
    ("ヴォクスール", "ヴォクス"),
    ("ハル", "バル"),
    ("愛してる", "愛"),
    ("신복스", "복스"),
    ("복스홀", "복스"),
    ("فوكسي", "فوكس"),
    ("الفوكس", "فوكس"),
    ("रामी", "राम"),
    ("", "Vox"),
    ("hello", ""),
    ("hello", "\u200b"),
]


@pytest.mark.parametrize(("text", "name"), CALLED)
def test_a_name_calls_as_a_word_of_its_own(text: str, name: str) -> None:
    assert calls(text, [name])


@pytest.mark.parametrize(("text", "name"), NOT_CALLED)
def test_what_only_holds_its_letters_calls_nobody(text: str, name: str) -> None:
    assert not calls(text, [name])


def test_any_of_several_names_will_do() -> None:
    assert calls("well, Mary?", ["Vox", "", "Mary"])
    assert not calls("well, Anna?", ["Vox", "Mary"])


NAMES = st.sampled_from(
    ["Vox", "Mary Ann", "Вокс", "ヴォクス", "花子", "복스", "فوكس", "राम", "Zoë", "[Vox.*]", "D.Va"]
)
LETTERS = string.ascii_letters
AROUND = st.text(" \t,!?()…、。؟", max_size=3)


@given(NAMES, AROUND, AROUND, TEXTS)
def test_a_name_between_spaces_calls_whatever_stands_around(name: str, before: str, after: str, other: str) -> None:
    assert calls(f"{before}{name}{after}", [name])
    assert calls(f"{name} {other}"[:2000], [name])


@given(
    st.text(string.ascii_letters, min_size=2, max_size=12), st.text(string.ascii_letters + string.digits, max_size=6)
)
def test_a_longer_latin_word_never_calls(name: str, more: str) -> None:
    assert calls(f"? {name}", [name])
    assert calls(f"? {name}{more}", [name]) is (not more)
    assert calls(f"? {more}{name}", [name]) is (not more)


@given(TEXTS, st.lists(TEXTS, max_size=3))
def test_no_text_and_no_name_is_too_odd(text: str, names: list[str]) -> None:
    assert calls(text, names) is calls(one_line(text), names)


def test_a_name_of_which_nothing_comparable_is_left_calls_nobody() -> None:
    assert not calls("anything at all", ["\N{DIAERESIS}"])
