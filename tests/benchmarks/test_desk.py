from tests.benchmarks.desk import run


async def test_a_page_is_shown_a_room_while_its_cost_is_measured() -> None:
    figures = await run(seconds=0.4, slices=1, per_minute=6_000, settle=0.1)

    assert figures.per_minute > 0
    assert figures.frames > 0 and figures.bytes_per_s > 0
    assert figures.flood_page >= 0 and figures.quiet_page >= 0
