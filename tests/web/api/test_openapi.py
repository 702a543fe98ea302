"""The description that programs are made from: valid, whole, and true of every call it names."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from relay.web.api.openapi import UNDESCRIBED
from tests.web.api.stage import DeskStage

Operation = tuple[str, str, dict[str, Any]]
"""Method, path, and the operation itself."""


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def schema_at(document: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    """A schema that stands by itself."""
    return {"components": document["components"], **content["application/json"]["schema"]}


def contents(document: Mapping[str, Any], operation: Mapping[str, Any], status: int) -> dict[str, Any]:
    """What an answer of that status may hold."""
    response = operation["responses"][str(status)]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    content: dict[str, Any] = response["content"]
    return content


def example(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """Something of a schema's shape, with all that it can hold; patterns are not looked at."""
    if "$ref" in schema:
        return example(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "enum" in schema:
        return schema["enum"][0]
    if options := schema.get("anyOf"):
        return example(document, options[0])
    match schema.get("type"):
        case "object":
            return {name: example(document, inner) for name, inner in schema.get("properties", {}).items()}
        case "array":
            return [example(document, schema["items"])] if schema.get("minItems") else []
        case "string":
            return schema.get("default", "x" * max(1, schema.get("minLength", 0)))
        case "number" | "integer":
            return schema.get("minimum", 1)
        case "boolean":
            return False
    return None


async def test_it_is_openapi_and_every_operation_answers_as_it_says(stage: DeskStage) -> None:
    _, document = await stage.call("GET", "/openapi.json")
    OpenAPIV31SpecValidator(document).validate()
    key = (await stage.key("Deck 1", "skip")).removeprefix("/press/")

    statuses = {}
    for method, path, operation in operations(document):
        given: dict[str, Any] = {}
        if body := operation.get("requestBody"):
            given["json"] = example(document, body["content"]["application/json"]["schema"])
        async with stage.http.request(method, f"{stage.server.url}{path.format(key=key)}", **given) as response:
            described = contents(document, operation, response.status)
            assert response.content_type in described, path
            statuses[operation["operationId"]] = response.status
            if response.content_type == "application/json":
                Draft202012Validator(schema_at(document, described)).validate(await response.json())

    assert len(statuses) == len(list(operations(document))), "each has an id of its own"
    assert [name for name, status in statuses.items() if status in (400, 401, 404)] == []
    done = [name for name, status in statuses.items() if status == 200]
    assert {"desk_pause", "desk_rate", "state", "dialogue", "health", "press"} <= set(done)


async def test_what_does_not_fit_is_answered_as_it_says(stage: DeskStage) -> None:
    _, document = await stage.call("GET", "/openapi.json")

    for method, path, operation in operations(document):
        if "requestBody" not in operation:
            continue
        async with stage.http.request(method, f"{stage.server.url}{path}", json=[]) as response:
            assert response.status == 422, path
            described = contents(document, operation, 422)
            Draft202012Validator(schema_at(document, described)).validate(await response.json())


async def test_all_that_is_served_is_described_or_known_not_to_be(stage: DeskStage) -> None:
    _, document = await stage.call("GET", "/openapi.json")
    described = {(method, path) for method, path, _ in operations(document)}
    actions = {("POST", f"/api/{action.name}") for action in stage.desk.actions}

    for method, path in stage.server.calls():
        left_out = path == "/" or any(path.startswith(each) for each in UNDESCRIBED if each != "/")
        if path != "/api/{action}":
            assert ((method, path) in described) is not left_out, (method, path)
    assert actions <= described


async def test_every_action_and_field_says_what_it_is(stage: DeskStage) -> None:
    for action in stage.desk.actions:
        assert action.summary
        for name, field in action.fields.model_fields.items():
            assert field.description, (action.name, name)
