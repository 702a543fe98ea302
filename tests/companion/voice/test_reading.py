"""From what is shown to what a voice is given."""

import pytest

from relay.companion.speaking.clips import Speech
from relay.companion.voice.build import voice_for
from relay.companion.voice.manner import PLAIN, Manner
from relay.companion.voice.reading import ReadingVoice
from relay.config import CompanionSection
from relay.text.aloud.reading import ReadAloud
from tests.companion.endpoints import SpeechEndpoint, serving, wav


class Listening:
    """Takes down what it is to say."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def speak(self, text: str, manner: Manner = PLAIN) -> bytes:
        self.said.append(text)
        return wav(1.0)


async def test_the_engine_says_words_and_nothing_where_there_are_none() -> None:
    engine = Listening()
    voice = ReadingVoice(engine, ReadAloud())

    assert await voice.speak("Hi **xX_N1ght_Xx** \U0001f389") == wav(1.0)
    assert await voice.speak("\U0001f389 ...") == b""
    assert await Speech(voice).clip("`x = 1`") is None
    assert engine.said == ["Hi Night"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Vox, five euros"),
        ({"speech_language": "de"}, "Vox, fünf Euro"),
        ({"speech_language": "fr", "pronunciation": {"vox": "Wox"}}, "Wox, cinq"),
    ],
)
async def test_an_endpoint_is_asked_for_words_in_the_language_of_the_settings(
    fields: dict[str, object], said: str
) -> None:
    endpoint = SpeechEndpoint()

    async with serving("/audio/speech", endpoint.answer) as url:
        settings = CompanionSection.model_validate({"speech": "openai", "speech_url": url, **fields})
        await voice_for(settings).speak("Vox, 5 €")

    assert [request["input"] for request in endpoint.requests] == [said]


async def test_espeak_reads_in_its_voice_s_language() -> None:
    german = voice_for(CompanionSection(speech="espeak", speech_voice="de"))

    shown, words, english = [
        len(await german.speak(text)) for text in ("20:15", "zwanzig Uhr fünfzehn", "eight fifteen PM")
    ]

    assert shown == pytest.approx(words, rel=0.05)
    assert shown != pytest.approx(english, rel=0.05)
