FROM python:3.11-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
COPY pyproject.toml uv.lock README.md ./
COPY relay ./relay
COPY config/relay.example.toml ./config/
# once, as containers can write nothing there: else each start and each command compiles all of it anew
ENV UV_COMPILE_BYTECODE=1
# with the packages of every setting, as none can be added to the image where it runs
RUN uv sync --locked --no-dev --no-editable --all-extras

FROM python:3.11-slim
# Python's own library, which comes without its compiled modules
RUN python -m compileall -q "$(python -c 'import os; print(os.path.dirname(os.__file__))')"
# commands find the settings in /config as this user's own
RUN useradd --create-home --uid 10001 relay && install -d -o relay /data /config /home/relay/.config \
    && ln -s /config /home/relay/.config/voxta-relay
COPY --from=build /app/.venv /app/.venv
# Docker starts anew only what has ended
ENV PATH=/app/.venv/bin:$PATH RELAY_RELAY__DATA_DIR=/data RELAY_OPERATIONS__END_STUCK=true PYTHONUNBUFFERED=1
USER 10001
WORKDIR /data
VOLUME /data
# for who looks: Docker starts nothing anew for it
HEALTHCHECK --interval=120s --timeout=25s --start-period=20s CMD ["relay", "health", "--config", "/config/relay.toml"]
ENTRYPOINT ["relay"]
CMD ["run", "--config", "/config/relay.toml"]
