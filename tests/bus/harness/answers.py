"""What lpctl answers with --json, against the schemas that the package installs."""
import copy
import json
import pathlib

import jsonschema

SCHEMAS = pathlib.Path(__file__).resolve().parents[3] / "cli" / "schemas"
CHANGES = ("apply", "revert", "hold", "unhold")


def closed(schema):
    """A field that is not described is a mistake of ours, though others may ignore it."""
    if isinstance(schema, dict):
        schema = {key: closed(value) for key, value in schema.items()}
        if "properties" in schema and schema.get("type") == "object":
            schema["additionalProperties"] = False
        return schema
    return [closed(item) for item in schema] if isinstance(schema, list) else schema


def validator(name, change=copy.deepcopy):
    schemas = {file.name: change(json.loads(file.read_text())) for file in SCHEMAS.glob("*.json")}
    schema = schemas[f"lpctl-{name}.json"]
    return jsonschema.Draft202012Validator(
        schema, resolver=jsonschema.RefResolver(schema["$id"], schema, store=schemas),
        format_checker=jsonschema.FormatChecker())


def schema_of(verb):
    if verb in CHANGES:
        return "changes"
    return "pause" if verb == "resume" else verb


def check(verb, answer):
    """Raises jsonschema.ValidationError."""
    if "error" in answer and verb != "check":
        validator("error", closed).validate(answer)
    elif verb == "monitor":
        validator(verb).validate(answer)  # what it takes from an event's description would be closed, too
    else:
        validator(schema_of(verb), closed).validate(answer)
