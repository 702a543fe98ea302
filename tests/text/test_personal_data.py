import time

import pytest

from relay.text.masking import masked
from relay.text.personal_data import personal_data
from relay.text.unicode import one_line

PHONE_NUMBERS = {
    "Brazil": "(11) 91234-5678|11 91234-5678|(11) 3123-4567|+55 11 91234-5678|+5511912345678|011 3123-4567",
    "Britain": "020 7946 0958|(020) 7946 0958|07700 900123|07911123456|+44 (0)7911 123456|0044 7911 123456",
    "France": "01 42 68 53 00|01.42.68.53.00|06-12-34-56-78|0612345678|+33 6 12 34 56 78|+33612345678",
    "Germany": "030 901820|030/901820|0170-1234567|01701234567|+49 (0)170 1234567|0049 170 1234567",
    "Japan": "03-1234-5678|(03) 1234-5678|09012345678|080-1234-5678|+81 90 1234 5678|0120-123-456",
    "the United States": "555-123-4567|(212) 736-5000|212.736.5000|1-212-736-5000|+1 (212) 736-5000|+12127365000",
}
ORDINARY_LINES = {
    "amounts": "12,500 damage|1.299,00 EUR|$1,299.99|1 299 000 RUB|10 000 000 subs|3x 500 000 + 2x 250 000|"
    "12.345.678 views|+1000000 gold|+25000000 xp|- 10000000|call it 1000000 times|bits 10000 cheer10000",
    "times": "20.11.2026 18:30|11/20/2026 18:30 UTC|2026-11-20 18:30:15|1:23:45.678 pb|00:14:37.250|1763720000|"
    "0900-1730 1800-2330|2020-2021 2021-2022|1999 2000 2001 2002|text me at 20:00 on 21.11.2026",
    "scores": "3-2, 21-19, 15-13|16:14 and 13:16|6-4 7-5 6-3|0-0-0 1-0-0 2-1-0|score 0001250000|0099999990",
    "ids": "seed 8675309123|seed -4172144997902289642|order 100-2345678-1234567|order #12345678901|08/15, 4711|"
    "ISBN 978-3-16-148410-0|SW-1234-5678-9012|1Z999AA10123456784|discord.com/channels/123456789012345678/1",
    "measures": "3.14159265358979|e = 2.718281828459045|52.520008 13.404954|51.5074, -0.1278|tp -10000 70 25000|"
    "1920x1080 at 144|1080p 60 fps 6000 kbps|4096 2048 1024 512|30/60/90/120/144/240|1/2/3/4/5/6/7/8/9",
    "counting": "1 2 3 4 5 6 7 8 9 10|10 9 8 7 6 5 4 3 2 1 go|69 420 1337 9001|911 112 999|7777777777|12345678|"
    "(111) 111 111 111",
}


def shown(text: str) -> str:
    line = one_line(text)
    return masked(line, personal_data(line), "***")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to ann.b+c@mail.example.com!", "write to ***!"),
        ("ann@ma\u200bil.com", "***"),
        ("ann (at) mail (dot) com", "***"),
        ("+49 170 1234567", "***"),
        ("06 12 34 56 78", "***"),
        ("(555) 123-4567 or 555-123-4567", "*** or ***"),
        ("call me on ５５５１２３４", "call me on ***"),
        ("my number is 1234567", "my number is ***"),
        ("4111 1111 1111 1111", "***"),
        ("5555 5555 5555 4444", "***"),
        ("4111\u200b111111111111", "***"),
        ("I am at 93.184.216.34 or 2001:db8::1", "I am at *** or ***"),
    ],
)
def test_personal_data_is_found_however_it_is_written(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "1000000000 points", "100 000 000 gold", "000000000", "2026-11-20 12:30", "01.02.2026 10:00", "0.00000000012",
        "<@123456789012345678>", "id 123456789012345678", "4111 1111 1111 1112", "v1.2.3.4", "127.0.0.1", "12:30:45",
        "std::vector a::b", "x@y",
    ],
)  # fmt: skip
def test_scores_dates_and_ids_stay(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize("country", PHONE_NUMBERS)
@pytest.mark.parametrize("line", ["{}", "write to {}, please", "ring {} tonight"])
def test_phone_numbers_are_found_as_their_countries_write_them(country: str, line: str) -> None:
    left = [number for number in PHONE_NUMBERS[country].split("|") if shown(line.format(number)) != line.format("***")]

    assert left == []


def test_digits_alone_are_a_phone_number_only_when_announced() -> None:
    assert shown("2127365000 is my seed") == "2127365000 is my seed"
    assert shown("text me: 2127365000") == "text me: ***"


@pytest.mark.parametrize("about", ORDINARY_LINES)
def test_ordinary_lines_with_numbers_stay(about: str) -> None:
    changed = [line for line in ORDINARY_LINES[about].split("|") if shown(line) != line]

    assert changed == []


@pytest.mark.parametrize("part", ["a.", "a@", "1 ", "1", "(", "ab:", ":", "1.1.", "a(at", "call ", "+1234567 ", "1/1/"])
def test_no_flood_takes_long(part: str) -> None:
    began = time.thread_time()

    list(personal_data(part * (10_000 // len(part)) + "1234567"))

    assert time.thread_time() - began < 0.2
