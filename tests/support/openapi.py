"""Holds answers of the API against deploy/openapi.yaml."""

import pathlib

import jsonschema
import yaml

DOCUMENT = yaml.safe_load((pathlib.Path(__file__).resolve().parents[2] / "deploy" / "openapi.yaml").read_text())


def check(template, status, content_type, body):
    """`template`: the path as the document has it. Raises where the answer is not what the document says."""
    responses = DOCUMENT["paths"][template]["get"]["responses"]
    described = responses[str(status)]
    if "$ref" in described:
        described = DOCUMENT["components"]["responses"][described["$ref"].rsplit("/", 1)[1]]
    schema = described["content"][content_type]["schema"]
    resolver = jsonschema.RefResolver("", DOCUMENT)
    jsonschema.Draft202012Validator(schema, resolver=resolver, format_checker=jsonschema.FormatChecker()).validate(body)
