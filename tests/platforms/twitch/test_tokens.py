import logging
import os
import stat
from pathlib import Path

import pytest

from relay.errors import AuthError, ConfigError
from relay.platforms.twitch.tokens import Token, TokenFile, keep_secret, redact, redacted_logs

TOKEN = Token("abcdefaccess", "abcdefrefresh")


def test_a_saved_token_is_loaded_again(tmp_path: Path) -> None:
    path = tmp_path / "data" / "token.json"
    TokenFile(path).save(TOKEN)

    assert TokenFile(path).load() == TOKEN


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")
def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    path.write_text("old")
    path.chmod(0o644)
    TokenFile(path).save(TOKEN)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_half_written_file_is_left_behind(tmp_path: Path) -> None:
    TokenFile(tmp_path / "token.json").save(TOKEN)

    assert [path.name for path in tmp_path.iterdir()] == ["token.json"]


def test_a_missing_file_says_how_to_log_in(tmp_path: Path) -> None:
    with pytest.raises(AuthError, match="relay auth twitch"):
        TokenFile(tmp_path / "token.json").load()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"access_token": "x"}', "\x00"])
def test_a_damaged_file_says_what_to_do(tmp_path: Path, content: str) -> None:
    path = tmp_path / "token.json"
    path.write_text(content)

    with pytest.raises(ConfigError, match=r"damaged; delete it and run `relay auth twitch`"):
        TokenFile(path).load()


def test_a_token_that_cannot_be_written_is_kept_in_memory(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "token.json")
    (tmp_path / "token.json").mkdir()

    with pytest.raises(ConfigError, match="cannot be written"):
        file.save(TOKEN)

    assert file.load() == TOKEN


def test_a_login_by_somebody_else_counts_more_than_a_token_that_could_not_be_written(tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    file = TokenFile(path)
    path.mkdir()
    with pytest.raises(ConfigError):
        file.save(TOKEN)
    path.rmdir()
    TokenFile(path).save(Token("newaccess", "newrefresh"))

    assert file.is_newer
    assert file.load() == Token("newaccess", "newrefresh")
    assert not file.is_newer


def test_what_it_saved_itself_is_no_news(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "token.json")
    file.save(TOKEN)

    assert not file.is_newer


def test_a_token_does_not_show_itself() -> None:
    assert "abcdef" not in repr(TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        "POST https://id.twitch.tv/oauth2/token?client_id=1&client_secret=hunter2hunter2&grant_type=refresh_token",
        "refresh_token=hunter2hunter2",
        '{"access_token": "hunter2hunter2"}',
        "Authorization: Bearer hunter2hunter2",
        "device_code=hunter2hunter2",
        'Please re-authenticate user with token: "hunter2hunter2"',
    ],
)
def test_what_looks_like_a_secret_is_redacted(text: str) -> None:
    assert "hunter2" not in redact(text)


def test_a_known_secret_is_redacted_wherever_it_stands() -> None:
    keep_secret("correcthorse")

    assert redact("no(correcthorse)!") == "no(***)!"


def test_logs_of_twitchio_are_redacted_with_their_tracebacks(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("twitchio.http")
    with redacted_logs():
        try:
            raise RuntimeError("refresh_token=hunter2hunter2")
        except RuntimeError:
            logger.exception("failed with client_secret=%s", "hunter2hunter2")

    assert "RuntimeError" in caplog.text
    assert "hunter2" not in caplog.text
