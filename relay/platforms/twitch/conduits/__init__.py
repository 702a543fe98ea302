"""Hearing many channels by a conduit: subscriptions of the application, carried by shards that come and go.

https://dev.twitch.tv/docs/eventsub/handling-conduit-events/
"""
