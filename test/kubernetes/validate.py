"""Reads manifests as kubectl does (YAML 1.1) and holds them against the schemas of one version of Kubernetes, strictly.

Standard input: {"text": YAML documents, "version": "1.37"}. Standard output: one {"object", "mistake"} for each document, where
mistake is null or says what is wrong first of all.
"""

import json
import sys

import kubernetes_validate
import yaml


def mistake(object, version):
    try:
        kubernetes_validate.validate(object, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{'.'.join(str(part) for part in error.path)}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        return error.message


given = json.load(sys.stdin)
objects = list(yaml.safe_load_all(given["text"]))
json.dump([{"object": object, "mistake": mistake(object, given["version"])} for object in objects], sys.stdout)
