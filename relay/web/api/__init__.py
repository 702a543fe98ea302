"""The desk's actions for programs: as HTTP calls, as press-once addresses, and described in OpenAPI."""
