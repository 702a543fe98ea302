from pathlib import Path

import pytest

from relay.application.composition import Relay
from relay.application.processes.leadership import Leadership
from relay.application.statistics import Statistics
from relay.config import RepliesSection
from tests.end_to_end.stage import settings


@pytest.mark.parametrize("is_running", [True, False])
async def test_new_settings_count_whether_they_come_before_the_relay_runs_or_after(
    tmp_path: Path, is_running: bool
) -> None:
    config = settings(tmp_path)
    new = config.model_copy(update={"replies": RepliesSection(as_reply=False)})
    leadership = Leadership(config)
    relay = Relay(config, lambda *_: [], voxta_url="http://127.0.0.1:9", statistics=Statistics())
    if is_running:
        await leadership.begin(relay)
        await leadership.adopt(new)
    else:
        await leadership.adopt(new)
        await leadership.begin(relay)

    assert relay.poster.settings is new.replies
