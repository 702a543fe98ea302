"""The exception tree. `retryable` says whether trying the same thing again may succeed.

RelayError
├── ConfigError            a setting is missing or wrong: names the field, the value and the fix
│   ├── NoneRuns               no relay with these settings runs where it was looked for
│   ├── WrongSettings          the settings cannot be loaded: tells each mistake in them
│   └── InboxTaken             another relay has the inbox, or has taken it over
├── AuthError              a token or key was refused or lacks a scope: a person has to act
├── PlatformError          a platform refused or failed
│   ├── PlatformUnavailable    (retryable) not reachable, timed out, 5xx
│   │   └── NobodyThere            no process does at the moment what it takes
│   ├── RateLimited            (retryable) `retry_after` seconds
│   └── PostRejected           the platform took the call and refused the text
│       └── TextRejected           whatever it replies to
├── InboxError             (retryable) the store did not answer
├── MemoryUnavailable      (retryable) what is remembered of people cannot be read or written now
├── VoxtaError             Voxta answered with an error
│   ├── VoxtaForbidden         the relay lacks the right: nothing was done, a person has to act
│   ├── VoxtaNotTold           another process may tell it by now, or the chat was left: nothing was sent
│   ├── VoxtaUnavailable       (retryable) not reachable, timed out, connection lost
│   │   └── VoxtaKeyNeeded         it lets nobody in without a key
│   └── ProtocolError          a frame that breaks the protocol
├── ObsUnavailable         (retryable) OBS cannot be reached, timed out, or the connection was lost
├── AvatarUnavailable      (retryable) VTube Studio cannot be reached, timed out, or the connection was lost
├── SpeechError            a sentence cannot be heard: its audio is not there, or none
└── RenderingError         a rendering that would not be safe to send
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import ClassVar, NamedTuple, TypeVar


class RelayError(Exception):
    """Whatever the relay raises itself; its text is fit to be shown to a streamer."""

    retryable: ClassVar[bool] = False


class ConfigError(RelayError):
    """A setting is missing or wrong."""


class NoneRuns(ConfigError):
    """No relay with these settings runs where it was looked for."""


class SettingMistake(NamedTuple):
    """One thing that is wrong with the settings."""

    key: str
    """Of the setting, such as `web.port`, or of its section; empty where it is about something else."""
    text: str
    """What is wrong and how it is written right."""
    line: str
    """The same with the place where it was written."""


class WrongSettings(ConfigError):
    """The settings cannot be loaded."""

    def __init__(self, mistakes: Sequence[SettingMistake]) -> None:
        super().__init__("\n".join(mistake.line for mistake in mistakes))
        self.mistakes = mistakes


class SecretsLocked(ConfigError):
    """The system's keyring has secrets of these settings, and does not give them out."""


class SecretsGone(ConfigError):
    """The system's keyring had a secret of these settings, and has it no more."""


class InboxTaken(ConfigError):
    """Another relay has the inbox, or has taken it over while this one was asleep."""


class AuthError(RelayError):
    """A token or key was refused, or lacks a permission."""


class PlatformError(RelayError):
    """A platform refused a call or failed."""


class PlatformUnavailable(PlatformError):
    """The platform cannot be reached, timed out or failed on its side."""

    retryable = True


class NobodyThere(PlatformUnavailable):
    """No process of this relay does at the moment what it takes."""


class RateLimited(PlatformError):
    """The platform asks to slow down."""

    retryable = True

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds to wait before the next try."""


class PostRejected(PlatformError):
    """The platform refused this text for good (blocked, duplicate, too long, no permission)."""


class TextRejected(PostRejected):
    """It would refuse the text also where that replies to nothing, or keeps it for its moderators already."""


class InboxError(RelayError):
    """The store of waiting messages did not answer."""

    retryable = True


class MemoryUnavailable(RelayError):
    """The store of what is remembered of people did not answer."""

    retryable = True


class VoxtaError(RelayError):
    """Voxta answered with an error."""


class VoxtaForbidden(VoxtaError):
    """Voxta does not let the relay do this. What was refused may be sent again once a person has changed that."""


class VoxtaNotTold(VoxtaError):
    """Nothing was sent: on its way it took so long that another process may tell it by now, or its chat was left."""


class VoxtaUnavailable(VoxtaError):
    """Voxta cannot be reached, timed out, or the connection was lost."""

    retryable = True


class VoxtaKeyNeeded(VoxtaUnavailable):
    """Voxta lets nobody in without a key, and there is none."""


class ProtocolError(VoxtaError):
    """A frame that breaks the SignalR or Voxta protocol."""


class ObsUnavailable(RelayError):
    """OBS cannot be reached, did not answer, or the connection was lost."""

    retryable = True


class AvatarUnavailable(RelayError):
    """VTube Studio cannot be reached, did not answer, or the connection was lost."""

    retryable = True


class SpeechError(RelayError):
    """A sentence cannot be heard: its audio did not come, or is none."""


class NothingToHear(SpeechError):
    """A sentence holds nothing that is read aloud, such as an emoji alone. All is well."""


class RenderingError(RelayError):
    """Text for Voxta that would not be safe to send."""


E = TypeVar("E", bound=Exception)


def another(error: E) -> E:
    """The same for somebody else who waits for it: a shared one would collect the tracebacks of all."""
    other = copy(error)
    other.__cause__, other.__context__ = error.__cause__, error.__context__
    return other


def causes(failure: BaseException) -> list[BaseException]:
    """What failed: everything in a group, and in the groups in it; itself where it is no group."""
    if not isinstance(failure, BaseExceptionGroup):
        return [failure]
    return [cause for each in failure.exceptions for cause in causes(each)]


@contextmanager
def ungrouped(*kinds: type[Exception]) -> Iterator[None]:
    """Raise the first failure of tasks beside each other by itself, where all that failed are of these kinds.

    Raised in `except*` it comes in a group on Python before 3.11.4.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        failures = causes(group)
        if not all(isinstance(each, kinds) for each in failures):
            raise
        raise failures[0] from None
