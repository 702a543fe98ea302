"""Recognition at an endpoint; what it sends and reads is told with the companion's ear, which uses the same."""

import threading
from pathlib import Path

import pytest

from relay.config import HearingSection
from relay.hearing.recognition.build import recogniser_for
from relay.system import endpoint
from tests.support import PATIENCE

pytestmark = pytest.mark.usefixtures("no_backoff")


def test_its_client_is_loaded_while_the_first_person_still_speaks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    is_loaded = threading.Event()
    monkeypatch.setattr(endpoint, "_IS_LOADED", threading.Event())
    monkeypatch.setattr(endpoint, "_load", is_loaded.set)
    endpoint._begin_loading.cache_clear()
    recogniser = recogniser_for(HearingSection(through="openai"), tmp_path)
    assert recogniser is not None

    recogniser.begin().feed(bytes(1024))

    assert is_loaded.wait(PATIENCE)
