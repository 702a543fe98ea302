"""What examples Hypothesis tries."""

import pytest
from hypothesis.internal.conjecture import providers

import relay


def test_only_a_search_draws_from_the_sources_that_are_loaded(pytestconfig: pytest.Config) -> None:
    assert relay.__file__
    searches = bool(pytestconfig.getoption("--hypothesis-profile"))

    assert bool(len(providers._get_local_constants())) == searches
