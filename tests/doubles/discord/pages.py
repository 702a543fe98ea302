"""Where Discord's public documentation (docs.discord.com/developers) describes what the double sends and takes.

Each is the title of a page and of a section in it. Where the two differ, the page is right.
"""

from typing import Final

EVENTS: Final = {
    "READY": 'Gateway Events, "Ready"',
    "RESUMED": 'Gateway Events, "Resumed"',
    "GUILD_CREATE": 'Gateway Events, "Guild Create"',
    "GUILD_DELETE": 'Gateway Events, "Guild Delete"',
    "GUILD_BAN_ADD": 'Gateway Events, "Guild Ban Add"',
    "GUILD_MEMBER_UPDATE": 'Gateway Events, "Guild Member Update"',
    "GUILD_MEMBERS_CHUNK": 'Gateway Events, "Guild Members Chunk"',
    "CHANNEL_UPDATE": 'Gateway Events, "Channel Update"',
    "CHANNEL_DELETE": 'Gateway Events, "Channel Delete"',
    "THREAD_CREATE": 'Gateway Events, "Thread Create"',
    "THREAD_DELETE": 'Gateway Events, "Thread Delete"',
    "MESSAGE_CREATE": 'Gateway Events, "Message Create"',
    "MESSAGE_UPDATE": 'Gateway Events, "Message Update"',
    "MESSAGE_DELETE": 'Gateway Events, "Message Delete"',
    "MESSAGE_DELETE_BULK": 'Gateway Events, "Message Delete Bulk"',
    "MESSAGE_REACTION_ADD": 'Gateway Events, "Message Reaction Add"',
    "GUILD_MEMBER_ADD": 'Gateway Events, "Guild Member Add"',
    "GUILD_SCHEDULED_EVENT_CREATE": 'Gateway Events, "Guild Scheduled Event Create"',
    "GUILD_SCHEDULED_EVENT_UPDATE": 'Gateway Events, "Guild Scheduled Event Update"',
    "GUILD_SCHEDULED_EVENT_DELETE": 'Gateway Events, "Guild Scheduled Event Delete"',
    "STAGE_INSTANCE_CREATE": 'Gateway Events, "Stage Instance Create"',
    "STAGE_INSTANCE_UPDATE": 'Gateway Events, "Stage Instance Update"',
    "STAGE_INSTANCE_DELETE": 'Gateway Events, "Stage Instance Delete"',
    "INTERACTION_CREATE": 'Gateway Events, "Interaction Create"',
    "VOICE_STATE_UPDATE": 'Gateway Events, "Voice State Update"',
    "VOICE_SERVER_UPDATE": 'Gateway Events, "Voice Server Update"',
}
"""Of each event of the gateway."""

ROUTES: Final = {
    "GET /users/@me": 'User Resource, "Get Current User"',
    "GET /applications/@me": 'Application Resource, "Get Current Application"',
    "GET /oauth2/applications/@me": 'OAuth2, "Get Current Bot Application Information"',
    "GET /users/@me/guilds": 'User Resource, "Get Current User Guilds"',
    "GET /guilds/{guild}": 'Guild Resource, "Get Guild"',
    "GET /guilds/{guild}/channels": 'Guild Resource, "Get Guild Channels"',
    "GET /gateway/bot": 'Gateway, "Get Gateway Bot"',
    "GET /channels/{channel}": 'Channels Resource, "Get Channel"',
    "GET /guilds/{guild}/members/{user}": 'Guild Resource, "Get Guild Member"',
    "GET /channels/{channel}/messages": 'Message Resource, "Get Channel Messages"',
    "POST /channels/{channel}/messages": 'Message Resource, "Create Message"',
    "PATCH /channels/{channel}/messages/{message}": 'Message Resource, "Edit Message"',
    "DELETE /channels/{channel}/messages/{message}": 'Message Resource, "Delete Message"',
    "POST /channels/{channel}/typing": 'Channels Resource, "Trigger Typing Indicator"',
    "PUT /channels/{channel}/messages/{message}/reactions/{emoji}/@me": 'Message Resource, "Create Reaction"',
    "PUT /channels/{channel}/messages/pins/{message}": 'Message Resource, "Pin Message"',
    "GET /applications/{application}/commands": 'Application Commands, "Get Global Application Commands"',
    "PUT /applications/{application}/commands": 'Application Commands, "Bulk Overwrite Global Application Commands"',
    "GET /applications/{application}/guilds/{guild}/commands": 'Application Commands, "Get Guild Application Commands"',
    "PUT /applications/{application}/guilds/{guild}/commands": (
        'Application Commands, "Bulk Overwrite Guild Application Commands"'
    ),
    "POST /interactions/{id}/{token}/callback": 'Receiving and Responding, "Create Interaction Response"',
    "POST /webhooks/{application}/{token}": 'Receiving and Responding, "Create Followup Message"',
    "GET /webhooks/{application}/{token}/messages/@original": (
        'Receiving and Responding, "Get Original Interaction Response"'
    ),
    "PATCH /webhooks/{application}/{token}/messages/@original": (
        'Receiving and Responding, "Edit Original Interaction Response"'
    ),
    "DELETE /webhooks/{application}/{token}/messages/@original": (
        'Receiving and Responding, "Delete Original Interaction Response"'
    ),
    "PATCH /guilds/{guild}/voice-states/@me": 'Voice Resource, "Modify Current User Voice State"',
}
"""Of each route, below `/api/v10`."""

CLOSE_CODES: Final = 'Opcodes and Status Codes, "Gateway Close Event Codes" and "Voice Close Event Codes"'
