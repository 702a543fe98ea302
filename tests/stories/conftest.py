import pytest

pytest.register_assert_rewrite("tests.stories.stories", "tests.stories.backstage")
