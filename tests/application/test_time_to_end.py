"""All that may take its time at the end has it before the process is ended all the same."""

from relay.application import draining
from relay.avatar import connection as avatar
from relay.config import OperationsSection
from relay.obs import connection as obs
from relay.platforms import intake
from relay.system import kept_connections, shutdown, spans, threads
from relay.voxta import audio

ROOM = 0.25
"""Seconds for what only takes what it takes."""
ONE_AFTER_THE_OTHER = draining.RESTING + spans.FLUSH_WITHIN + kept_connections.GOODBYE + threads.LAST
AT_ONCE = max(obs.GOODBYE, avatar.GOODBYE, audio.GOODBYE)


def test_closing_fits_into_its_time_where_nobody_answers() -> None:
    assert ONE_AFTER_THE_OTHER + AT_ONCE + ROOM <= shutdown.CLOSING


def test_what_is_being_said_has_its_time_before_that() -> None:
    assert OperationsSection().drain + shutdown.CLOSING <= shutdown.GRACE


def test_all_of_the_end_fits_where_the_store_is_away_too_and_so_nothing_is_being_said() -> None:
    assert ONE_AFTER_THE_OTHER + max(AT_ONCE, intake.GRACE) + ROOM <= shutdown.GRACE
