"""Recognisers that may be fetched, of sherpa-onnx's release `asr-models`.

Each SHA-256 is the one that at least two independent projects pin for the same file; that of parakeet-v3 is also
told to be in the release's own list. Those that stream tell what is understood so far.
"""

from typing import Final

from relay.models.base import Model, ModelFile, Purpose

_RELEASE: Final = "https://github.com/k2-fsa/sherpa-onnx/releases/download/asr-models/sherpa-onnx-"
_KROKO: Final = "https://github.com/kroko-ai"


def _recogniser(
    name: str,
    about: str,
    languages: str,
    licence: str,
    source: str,
    archive: str,
    size: int,
    unpacked: int,
    sha256: str,
    *,
    leaves_out: tuple[str, ...] = ("test_wavs/*",),
    is_default: bool = False,
) -> Model:
    file = ModelFile(f"{_RELEASE}{archive}.tar.bz2", size, sha256)
    return Model(
        name,
        Purpose.RECOGNISER,
        about,
        tuple(languages.split()),
        licence,
        source,
        (file,),
        unpacked,
        leaves_out,
        is_default,
    )


def _kroko(language: str, about: str, size: int, unpacked: int, sha256: str, *, is_default: bool = False) -> Model:
    archive = f"streaming-zipformer-{language}-kroko-2025-08-06"
    about = f"{about}, streams, with capitals and full stops"
    return _recogniser(
        f"kroko-{language}",
        about,
        language,
        "CC-BY-SA-4.0",
        _KROKO,
        archive,
        size,
        unpacked,
        sha256,
        is_default=is_default,
    )


RECOGNISERS: Final = (
    _kroko(
        "en",
        "English",
        57_267_600,
        71_237_877,
        "c8676e5ff9ac2a85296e53ee0fd4d5fb1db6770e7a7647166eeafe349ade6834",
        is_default=True,
    ),
    _kroko(
        "de",
        "German",
        57_565_698,
        71_172_912,
        "9e27b783c20e67b0d0f13a258c1861fce199917c969d9176a438bee38df64962",
    ),
    _kroko(
        "fr",
        "French",
        57_220_361,
        71_271_554,
        "e6ffd3dc43725cd6c8137b05c739f15607d0df946b9b90eb141e10059efca024",
    ),
    _kroko(
        "es",
        "Spanish",
        124_394_665,
        156_073_899,
        "31b2230a95d23290b308b393da930015a4b2105cb3abb9367aed35f7fcf29cf1",
    ),
    _recogniser(
        "vosk-small-ru",
        "Russian, streams, the smallest",
        "ru",
        "Apache-2.0",
        "https://huggingface.co/alphacep/vosk-model-small-streaming-ru",
        "streaming-zipformer-small-ru-vosk-int8-2025-08-16",
        24_110_855,
        29_341_602,
        "6ba68a01ff3c5445aaf2d61e9b97b026f1149dcc9049d11af3f44f55176341d8",
    ),
    _recogniser(
        "fastconformer-en",
        "English, streams, quickest with partial texts (80 ms)",
        "en",
        "CC-BY-4.0",
        "https://huggingface.co/nvidia/stt_en_fastconformer_hybrid_large_streaming_multi",
        "nemo-streaming-fast-conformer-transducer-en-80ms-int8",
        102_813_625,
        135_000_000,
        "7bd33a914e93370a1ba9c2066d9e841bdcad8613fa2a00537c1ae15d851a14d8",
    ),
    _recogniser(
        "zipformer-8",
        "eight languages in one, streams",
        "ar en id ja ru th vi zh",
        "Apache-2.0",
        "https://k2-fsa.github.io/sherpa/onnx/pretrained_models/online-transducer/zipformer-transducer-models.html",
        "streaming-zipformer-ar_en_id_ja_ru_th_vi_zh-2025-02-10",
        258_999_581,
        340_188_059,
        "28044b67324f7f831689f0a3761473dd2ade380e93aa53f1dbcd479ef71c40d4",
    ),
    _recogniser(
        "parakeet-110m-en",
        "English, whole turns only, with capitals and full stops, accurate and quick",
        "en",
        "CC-BY-4.0",
        "https://huggingface.co/nvidia/parakeet-tdt_ctc-110m",
        "nemo-parakeet_tdt_transducer_110m-en-36000-int8",
        108_035_095,
        136_760_193,
        "f628312e9fdf8686374cb01a69425c41732529d540860311f16f37cbc32cfe9b",
    ),
    _recogniser(
        "moonshine-base-en",
        "English, whole turns only, with capitals and full stops",
        "en",
        "MIT",
        "https://github.com/moonshine-ai/moonshine",
        "moonshine-base-en-quantized-2026-02-27",
        111_266_225,
        140_000_000,
        "43232c1d13013d37317163baec3135bd771a186a4356f28c889bab453bb0e891",
    ),
    _recogniser(
        "parakeet-v3",
        "25 European languages, whole turns only, the most accurate and the largest",
        "bg cs da de el en es et fi fr hr hu it lt lv mt nl pl pt ro ru sk sl sv uk",
        "CC-BY-4.0",
        "https://huggingface.co/nvidia/parakeet-tdt-0.6b-v3",
        "nemo-parakeet-tdt-0.6b-v3-int8",
        487_170_055,
        671_239_000,
        "5793d0fd397c5778d2cf2126994d58e9d56b1be7c04d13c7a15bb1b4eafb16bf",
    ),
    _recogniser(
        "sense-voice",
        "Chinese, English, Japanese, Korean and Cantonese, whole turns only",
        "zh en ja ko yue",
        "FunASR model licence",
        "https://github.com/FunAudioLLM/SenseVoice",
        "sense-voice-zh-en-ja-ko-yue-int8-2025-09-09",
        165_783_878,
        243_957_894,
        "7305f7905bfcf77fa0b39388a313f3da35c68d971661a65475b56fb2162c8e63",
    ),
)
