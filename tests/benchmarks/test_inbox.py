import shutil

import pytest

from relay.errors import RelayError
from tests.benchmarks import inbox as bench


@pytest.mark.skipif(shutil.which("redis-benchmark") is None, reason="needs redis-benchmark (redis-tools)")
async def test_measures_both_inboxes_beside_redis_benchmark() -> None:
    figures = await bench.run(messages=2_000)

    assert min(figures.sqlite_per_s, figures.redis_per_s, figures.redis_benchmark_xadd_per_s) > 0
    assert figures.redis_ratio == pytest.approx(figures.redis_per_s / figures.redis_benchmark_xadd_per_s, abs=0.01)


async def test_without_redis_benchmark_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(RelayError, match="apt-get install redis-tools"):
        await bench.run(messages=10)
