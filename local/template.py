"""The project's `template.yaml`, made deployable on the emulator by as few edits as it takes, in memory.

Called by the stack and by the template's test. Pure: a template in, a template out. SAM's own translator
turns it into what CloudFormation gets, as on AWS. The edits before that, all of them:
1. image functions get an `ImageUri`, which `sam build` would put there;
2. image functions get a variable that points the emulator at `local.lambda_host`;
3. rules on `aws.*` sources also listen to `local.*`: as on AWS, nobody may put events as `aws.*`;
4. the table is not protected from deletion (the emulator has nothing worth keeping).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from local.loops import LOOP, written_out

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/reconciler:local"
PROXY = "MINISTACK_LAMBDA_PROXY_URL"


def load(path: Path) -> dict[str, Any]:
    """A template with its short intrinsic functions written out."""
    return dict(yaml_parse(path.read_text()))


def for_emulator(template: Mapping[str, Any], host_url: str) -> dict[str, Any]:
    """A copy with the edits of this module's docstring."""
    edited = copy.deepcopy(dict(template))
    for name, function in _functions(edited):
        function["ImageUri"] = IMAGE
        variables = function.setdefault("Environment", {}).setdefault("Variables", {})
        variables[PROXY] = f"{host_url}/{name}"
        for event in function.get("Events", {}).values():
            _listen_locally(event["Properties"].get("Pattern", {}))
    for _, resource in _plain(edited):
        resource.pop("Metadata", None)
        resource.get("Properties", {}).pop("DeletionProtectionEnabled", None)
    return edited


def translate(template: Mapping[str, Any], parameters: Mapping[str, str], region: str) -> dict[str, Any]:
    """What CloudFormation gets from a SAM template: its loops, functions, URLs and events written out."""
    # Managed policies are looked up by name; this template uses none.
    translator = Translator({}, Parser(), None, boto3.Session(region_name=region))
    plain = written_out(template, parameters)
    return dict(translator.translate(copy.deepcopy(plain), dict(parameters)))


def _functions(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in _plain(template):
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function" and properties.get("PackageType") == "Image":
            yield name, properties


def _plain(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The resources that are in no loop."""
    return ((name, one) for name, one in template["Resources"].items() if not name.startswith(LOOP))


def _listen_locally(pattern: dict[str, Any]) -> None:
    sources = pattern.get("source", [])
    sources += [f"local.{source[4:]}" for source in sources if source.startswith("aws.")]
