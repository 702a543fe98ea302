"""What a relay loads takes time and memory, so what the settings do not want is left where it is."""

import subprocess
import sys

UNWANTED = {"discord", "openai", "prometheus_client", "quickjs_rs", "redis", "sherpa_onnx", "twitchio"}


def test_a_relay_loads_no_library_before_the_settings_want_it() -> None:
    loads = f"import sys, relay.cli, relay.application.runs; print(sorted({UNWANTED}.intersection(sys.modules)))"

    ended = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)

    assert ended.stdout == "[]\n"
