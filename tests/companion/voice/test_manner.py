import pytest

from relay.companion.voice.build import engine_for
from relay.companion.voice.manner import MANNERS, PLAIN, affect_of, manner_of
from relay.companion.voice.reading import ReadingVoice
from relay.config import CompanionSection
from relay.text.aloud.reading import ReadAloud
from tests.companion.endpoints import SpeechEndpoint, serving


@pytest.mark.parametrize(
    ("text", "affect"),
    [
        ("Yay \U0001f389", "joy"),
        ("Oh no :(", "sadness"),
        ("\U0001f602 but then \U0001f62d!", "sadness"),
        ("You too <3", "love"),
        ("at 10:00 (or so)", ""),
        ("http://x.com", ""),
    ],
)
def test_the_last_emoji_tells_the_mood(text: str, affect: str) -> None:
    assert affect_of(text) == affect


def test_an_unknown_emotion_is_spoken_plainly() -> None:
    assert manner_of("Joy") == MANNERS["joy"]
    assert manner_of("bewilderment") == PLAIN


async def test_espeak_speaks_sadly_slower_and_plainly_again_after_it() -> None:
    voice = engine_for(CompanionSection(speech="espeak"))
    text = "We have lost the last game."

    plain, sad, again = [len(await voice.speak(text, how)) for how in (PLAIN, MANNERS["sadness"], PLAIN)]

    assert sad > 1.05 * plain
    assert again == pytest.approx(plain, rel=0.03)


@pytest.mark.parametrize(
    ("model", "told"),
    [("tts-1", {"speed": MANNERS["joy"].speed}), ("gpt-4o-mini-tts", {"instructions": MANNERS["joy"].words})],
)
async def test_an_endpoint_is_told_what_its_model_understands(model: str, told: dict[str, object]) -> None:
    endpoint = SpeechEndpoint()

    async with serving("/audio/speech", endpoint.answer) as url:
        section = CompanionSection.model_validate({"speech": "openai", "speech_url": url, "speech_model": model})
        voice = ReadingVoice(engine_for(section), ReadAloud())
        await voice.speak("Yay \U0001f389")
        await voice.speak("Yes.")

    plain = {"model": model, "voice": "alloy", "response_format": "wav"}
    assert endpoint.requests == [plain | {"input": "Yay"} | told, plain | {"input": "Yes."}]
