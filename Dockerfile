FROM python:3.11-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
COPY pyproject.toml uv.lock README.md ./
COPY relay ./relay
COPY config/relay.example.toml ./config/
RUN uv sync --locked --no-dev --no-editable

FROM python:3.11-slim
# commands find the settings in /config as this user's own
RUN useradd --create-home --uid 10001 relay && install -d -o relay /data /config /home/relay/.config \
    && ln -s /config /home/relay/.config/voxta-relay
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH RELAY_RELAY__DATA_DIR=/data PYTHONUNBUFFERED=1
USER 10001
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=30s --timeout=25s --start-period=20s CMD ["relay", "health", "--config", "/config/relay.toml"]
ENTRYPOINT ["relay"]
CMD ["run", "--config", "/config/relay.toml"]
