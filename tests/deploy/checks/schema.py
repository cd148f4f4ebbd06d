"""Strict JSON Schemas of the kinds that a cluster knows by custom resource definitions.

A cluster drops a key that it does not know without a word; these refuse it.
"""

import copy
import pathlib

import jsonschema
import yaml

OPEN = "x-kubernetes-preserve-unknown-fields"


def strict(schema: dict) -> dict:
    """The schema with every object closed that names its properties."""
    schema = copy.deepcopy(schema)
    _close(schema)
    schema["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    return schema


def _close(schema: dict) -> None:
    if schema.get("x-kubernetes-int-or-string"):
        schema.pop("type", None)
        schema["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if "properties" in schema and not schema.get(OPEN) and "additionalProperties" not in schema:
        schema["additionalProperties"] = False
    for inner in schema.get("properties", {}).values():
        _close(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            _close(schema[key])


class Schemas:
    """The definitions in a folder, by group, version and kind."""

    def __init__(self, folder: pathlib.Path):
        self._validators = {}
        for path in sorted(folder.rglob("*.yaml")):
            for crd in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader):
                if (crd or {}).get("kind") == "CustomResourceDefinition":
                    self._add(crd["spec"])

    def _add(self, spec: dict) -> None:
        for version in spec["versions"]:
            key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
            self._validators[key] = version["schema"]["openAPIV3Schema"]

    def knows(self, thing: dict) -> bool:
        """Whether there is a definition of its kind."""
        return (thing["apiVersion"], thing["kind"]) in self._validators

    def faults(self, thing: dict) -> list[str]:
        """Where it is not as its definition says."""
        key = (thing["apiVersion"], thing["kind"])
        if isinstance(self._validators[key], dict):
            self._validators[key] = jsonschema.Draft202012Validator(strict(self._validators[key]))
        errors = self._validators[key].iter_errors(thing)
        return [f"{key[1]} {thing['metadata']['name']}: {error.json_path}: {error.message[:300]}" for error in errors]
