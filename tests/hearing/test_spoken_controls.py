"""What is an order when it is said aloud, and what is not."""

import pytest

from relay.hearing.spoken_controls import SpokenControl, spoken_control

NAMES = ("Vox", "Mary Ann")


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("Vox, stop!", SpokenControl.INTERRUPT),
        ("stop", SpokenControl.INTERRUPT),
        ("Hey Vox, please be quiet.", SpokenControl.INTERRUPT),
        ("Okay Mary Ann. Skip that, please.", SpokenControl.SKIP),
        ("VOX PAUSE", SpokenControl.PAUSE),
        ("Vox, go on.", SpokenControl.RESUME),
        ("A bit louder, please!", SpokenControl.LOUDER),
        ("Vox, not so loud.", SpokenControl.QUIETER),
        ("Vox, hör auf!", SpokenControl.INTERRUPT),
        ("Sei still, bitte.", SpokenControl.INTERRUPT),
        ("Vox, mach Pause", SpokenControl.PAUSE),
        ("Hallo Vox, ein bisschen leiser bitte.", SpokenControl.QUIETER),
    ],
)
def test_an_order_is_known_in_either_language_with_the_name_and_without(text: str, control: SpokenControl) -> None:
    assert spoken_control(text, NAMES) is control


@pytest.mark.parametrize(
    "text",
    ["", "Vox", "Hey Vox!", "Don't stop.", "Stop the music, Vox.", "Ben, stop!", "Vox, stop being rude to Ann.",
     "please", "What does pause mean?", "The Vox stop", "Voxel, stop"],
)  # fmt: skip
def test_what_says_more_or_is_said_to_somebody_else_is_none(text: str) -> None:
    assert spoken_control(text, NAMES) is None


def test_without_a_name_nobody_is_called() -> None:
    assert spoken_control("stop", ["", "!"]) is SpokenControl.INTERRUPT
