from relay.bench.barge_in import run


async def test_a_person_who_talks_silences_the_companion_within_a_frame_and_every_figure_is_measured() -> None:
    figures = await run(runs=4, seconds=0.5)

    assert figures.runs == 4
    assert figures.packets_after_max <= 2
    assert 0 <= figures.stop_ms_p50 <= figures.stop_ms_p99 < 60
    assert 0 < figures.first_packet_ms_p50 < 500
    assert 0 < figures.cpu_speaking < 1
    assert 0 < figures.cpu_listening_8 < 1
    assert figures.gap_frames_max < 10
    assert figures.onset_to_silence_ms_p95 < 200
