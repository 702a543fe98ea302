# What a change needs; `make` alone names the targets. Everything runs in .venv, which `make install` fills.
BIN := .venv/bin

.PHONY: help install format check test demo ci docs pictures flaky chaos soak mutate wheel freeze
help:
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1\t/' | expand -t 10

install: ## what the relay and its tests need, into .venv
	python3 -m venv .venv
	$(BIN)/pip install --quiet uv
	$(BIN)/uv sync --inexact --locked --quiet

format: install ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: install ## linter, formatter, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: install ## the tests, on every core
	$(BIN)/uv run --locked pytest -n auto

demo: install ## an invented audience talks to the embedded companion
	$(BIN)/uv run --locked relay demo

ci: ## everything a change has to pass, as .ci/run does
	.ci/run

docs: install ## write anew what of the pages is made from the program
	$(BIN)/uv run --locked python -m tests.docs.settings_page
	$(BIN)/uv run --locked python -m tests.docs.actions_page
	$(BIN)/uv run --locked python -m tests.docs.twitch_hour
	$(BIN)/uv run --locked python -m tests.docs.desk_texts

pictures: install ## the pictures of the desk in docs/, anew, in a real browser
	$(BIN)/uv run --locked python -m tests.docs.desk_pictures

flaky: install ## the tests ten times, half of them beside busy processes: no failure is rare enough
	$(BIN)/uv run --locked python -m tests.flaky

chaos: install ## what a relay needs fails again and again, for half an hour at most: nothing may be lost, told twice or stuck
	$(BIN)/uv run --locked python -m tests.chaos
	$(BIN)/uv run --locked python -m tests.chaos.processes
	$(BIN)/uv run --locked python -m tests.chaos.upgrade
	$(BIN)/uv run --locked python -m tests.chaos.sigterm --times 200

soak: install ## a day of a big stream in twenty minutes: nothing may be lost, nothing may grow without end
	$(BIN)/uv run --locked python -m tests.soak

mutate: install ## the core broken in places drawn at random: which breaks does no test notice? (SAMPLE a room, SEED)
	$(BIN)/uv run --locked python -m tests.mutate --sample $(or $(SAMPLE),30) --seed $(or $(SEED),1)

wheel: install ## a wheel in dist, tried out where there is no checkout
	rm -rf dist .venv-wheel
	$(BIN)/uv build --wheel --quiet
	$(BIN)/uv venv --quiet .venv-wheel
	$(BIN)/uv pip install --quiet --python .venv-wheel dist/*.whl
	$(BIN)/python -m tests.installed .venv-wheel/bin/relay

freeze: install ## a folder with the program and a Python of its own in dist/relay, tried out
	UV_PROJECT_ENVIRONMENT=.venv-freeze $(BIN)/uv sync --locked --no-dev --no-editable --group freeze --quiet
	.venv-freeze/bin/pyinstaller --noconfirm --log-level WARN packaging/relay.spec
	$(BIN)/python -m tests.installed dist/relay/relay
