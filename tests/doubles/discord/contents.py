"""What messages show besides text, in the shapes of Discord's public documentation (docs.discord.com/developers)."""

from typing import Any, Final

from tests.doubles.discord.world import Json

VOICE_MESSAGE, HAS_SNAPSHOT = 1 << 13, 1 << 14
"""Message resource, "Message Flags"."""
POLL_RESULT: Final = 46
"""Message resource, "Message Types"."""
SPOILER: Final = 1 << 3
"""Message resource, "Attachment Flags"."""
FORWARD: Final = 1
"""Message resource, "Message Reference Types"."""


def attachment(filename: str = "image.png", content_type: str | None = "image/png", **more: Any) -> Json:
    """Message resource, "Attachment Structure"."""
    place = f"attachments/1/2/{filename}"
    data: Json = {
        "id": "1103", "filename": filename, "size": 51_200, "url": f"https://cdn.discordapp.com/{place}",
        "proxy_url": f"https://media.discordapp.net/{place}", "ephemeral": False, "flags": 0,
    }  # fmt: skip
    if content_type is not None:
        data["content_type"] = content_type
    return data | more


def voice_message(seconds: float) -> Json:
    """The fields of a message that differ. Message resource, "Voice Messages"."""
    sound = attachment("voice-message.ogg", "audio/ogg", duration_secs=seconds, waveform="AAAA")
    return {"flags": VOICE_MESSAGE, "attachments": [sound]}


def sticker(name: str) -> Json:
    """Sticker resource, "Sticker Item Structure"."""
    return {"id": "749054660769218631", "name": name, "format_type": 1}


def poll(question: str, *answers: str | tuple[str, Json]) -> Json:
    """Poll resource, "Poll Object Structure". An answer may have an emoji."""
    told = [(answer, None) if isinstance(answer, str) else answer for answer in answers]
    return {
        "question": {"text": question},
        "answers": [
            {"answer_id": number, "poll_media": {"text": text} | ({"emoji": emoji} if emoji else {})}
            for number, (text, emoji) in enumerate(told, 1)
        ],
        "expiry": "2099-01-01T00:00:00+00:00", "allow_multiselect": False, "layout_type": 1,
        "results": {"is_finalized": False, "answer_counts": []},
    }  # fmt: skip


def poll_result(question: str, votes: int, total: int, winner: Json | None = None) -> Json:
    """The fields of the message that tells of it. Message resource, "Embed Fields by Embed Type", "Poll Result Embed
    Fields"; the winner's begin with `victor_answer_`, and are left out where there is none alone."""
    told = {"poll_question_text": question, "victor_answer_votes": votes, "total_votes": total}
    told |= {f"victor_answer_{name}": value for name, value in (winner or {}).items()}
    fields = [{"name": name, "value": str(value), "inline": False} for name, value in told.items()]
    return {"type": POLL_RESULT, "embeds": [{"type": "poll_result", "fields": fields}]}


def embed(type: str = "rich", **more: Any) -> Json:
    """Message resource, "Embed Structure"."""
    return {"type": type} | more


def forward(**snapshot: Any) -> Json:
    """The fields of a message that forwards another one. Message resource, "Message Snapshot Structure"."""
    message: Json = {
        "type": 0, "content": "", "embeds": [], "attachments": [], "timestamp": "2026-01-01T00:00:00+00:00",
        "edited_timestamp": None, "flags": 0, "mentions": [], "mention_roles": [], "sticker_items": [],
        "components": [],
    }  # fmt: skip
    return {
        "flags": HAS_SNAPSHOT, "message_snapshots": [{"message": message | snapshot}],
        "message_reference": {"type": FORWARD, "message_id": "11", "channel_id": "12", "guild_id": "13"},
    }  # fmt: skip
