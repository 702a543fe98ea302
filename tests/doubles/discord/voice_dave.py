"""End-to-end encryption of one call: Discord as the external sender of an MLS group whose members are davey sessions.

The double restarts the group whenever the bot brings a new key package, as Discord does with a new epoch.
"""

import struct
from collections.abc import Sequence

import davey
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

EXTERNAL_SENDER, KEY_PACKAGE, PROPOSALS, COMMIT_WELCOME, ANNOUNCE_COMMIT, WELCOME = 25, 26, 27, 28, 29, 30
"""Binary opcodes."""
PREPARE_TRANSITION, EXECUTE_TRANSITION, TRANSITION_READY, PREPARE_EPOCH, INVALID_COMMIT = 21, 22, 23, 24, 31
"""JSON opcodes."""
APPEND: bytes = b"\0"
"""Proposals come rather than are withdrawn."""
ENCRYPTED: bytes = b"\xfa\xfa"
"""How an encrypted frame ends."""


WELCOME_START: bytes = b"\0\2"
"""The cipher suite, with which a welcome begins."""


def _places(data: bytes, wanted: bytes) -> list[int]:
    return [place for place in range(len(data)) if data.startswith(wanted, place)]


def vector(data: bytes) -> bytes:
    """MLS's variable-size vector: the length as in QUIC, then the bytes."""
    if len(data) < 1 << 6:
        return bytes([len(data)]) + data
    if len(data) < 1 << 14:
        return struct.pack(">H", 0x4000 | len(data)) + data
    return struct.pack(">I", 0x80000000 | len(data)) + data


class ExternalSender:
    """Discord's own key, with which it proposes who joins and who leaves."""

    def __init__(self, channel: int) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._group = struct.pack(">Q", channel)
        public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.package = vector(public) + struct.pack(">H", 1) + vector(bytes(8))

    def add(self, key_package: bytes, epoch: int) -> bytes:
        return self._propose(struct.pack(">H", 1) + key_package, epoch)

    def remove(self, leaf: int, epoch: int) -> bytes:
        return self._propose(struct.pack(">HI", 3, leaf), epoch)

    def _propose(self, proposal: bytes, epoch: int) -> bytes:
        """A public MLS message: group, epoch, sender type external, its index, no extra data, content proposal."""
        head, sender = struct.pack(">HH", 1, 1), b"\x02" + struct.pack(">I", 0)
        content = vector(self._group) + struct.pack(">Q", epoch) + sender + vector(b"") + b"\x02" + proposal
        signed = vector(b"MLS 1.0 FramedContentTBS") + vector(head + content)
        return head + content + vector(self._key.sign(signed, ec.ECDSA(hashes.SHA256())))


class Group:
    """The people of a call and the bot. People's sessions encrypt what they say and decrypt what the bot says."""

    def __init__(self, channel: int, bot: int) -> None:
        self._channel = channel
        self._bot = bot
        self.sender = ExternalSender(channel)
        self._members: dict[int, davey.DaveSession] = {}
        self._bot_package: bytes | None = None
        self.has_bot = False

    def found(self, people: Sequence[int], bot_package: bytes) -> bytes | None:
        """A new group of everybody; the welcome for the bot, or None when it is alone and has to wait."""
        self._members = {person: self._session(person) for person in people}
        self._bot_package, self.has_bot = bot_package, False
        if not people:
            return None
        founder, *others = self._members.values()
        packages = [*(other.get_serialized_key_package() for other in others), bot_package]
        proposals = vector(b"".join(self.sender.add(package, 0) for package in packages))
        made = founder.process_proposals(davey.ProposalsOperationType.append, proposals, [*people, self._bot])
        assert made is not None and made.welcome is not None
        founder.process_commit(made.commit)
        for other in others:
            other.process_welcome(made.welcome)
        self.has_bot = True
        return made.welcome

    def _session(self, person: int) -> davey.DaveSession:
        session = davey.DaveSession(davey.DAVE_PROTOCOL_VERSION, person, self._channel)
        session.set_external_sender(self.sender.package)
        return session

    def propose_join(self, person: int) -> bytes:
        """The body of a proposal to the bot; `commit` or `welcome_by_bot` completes it."""
        session = self._members[person] = self._session(person)
        return APPEND + vector(self.sender.add(session.get_serialized_key_package(), self._epoch(but=person)))

    def propose_leave(self, person: int) -> bytes:
        leaf = self._members.pop(person).own_leaf_index
        assert leaf is not None
        return APPEND + vector(self.sender.remove(leaf, self._epoch()))

    def commit(self, proposal: bytes, joining: int | None = None) -> bytes:
        """The first member carries a proposal out; everybody else follows. The commit, to be announced to the bot."""
        committer, *others = (session for person, session in self._members.items() if person != joining)
        everybody = [*self._members, self._bot]
        for other in others:
            other.process_proposals(davey.ProposalsOperationType.append, proposal[1:], everybody)
        made = committer.process_proposals(davey.ProposalsOperationType.append, proposal[1:], everybody)
        assert made is not None
        for session in (committer, *others):
            session.process_commit(made.commit)
        if joining is not None:
            assert made.welcome is not None
            self._members[joining].process_welcome(made.welcome)
        return made.commit

    def accept(self, commit_and_welcome: bytes, proposal: bytes, joining: int) -> bytes:
        """Follow a commit by the bot, which carries a proposal out and lets `joining` in; the commit alone."""
        place = self._welcome(commit_and_welcome, joining)
        commit = commit_and_welcome[:place]
        for person, session in self._members.items():
            if person != joining:
                everybody = [*self._members, self._bot]
                session.process_proposals(davey.ProposalsOperationType.append, proposal[1:], everybody)
                session.process_commit(commit)
        self.has_bot = True
        return commit

    def _welcome(self, commit_and_welcome: bytes, joining: int) -> int:
        """Where the welcome begins, found by trying: nothing says how long a commit is."""
        for place in _places(commit_and_welcome, WELCOME_START):
            try:
                self._members[joining].process_welcome(commit_and_welcome[place:])
            except ValueError:
                continue
            return place
        raise AssertionError("the bot's commit carries no welcome")

    def _epoch(self, but: int | None = None) -> int:
        epochs = (session.epoch for person, session in self._members.items() if person != but)
        return next((epoch for epoch in epochs if epoch is not None), 0)

    def encrypt(self, person: int, packet: bytes) -> bytes:
        session = self._members.get(person)
        return session.encrypt_opus(packet) if session is not None and session.ready else packet

    def decrypt(self, packet: bytes) -> bytes | None:
        """What the bot said; None when nobody in the call could have heard it."""
        for session in self._members.values():
            try:
                return session.decrypt(self._bot, davey.MediaType.audio, packet)
            except Exception:  # davey raises ValueError and its own errors; either way it could not be heard
                continue
        return None
