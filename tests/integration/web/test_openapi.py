"""The description of the API: it names every route, is a valid document, and what it promises holds under generated requests."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from openapi_schema_validator import OAS31Validator
from schemathesis import Case
from schemathesis.generation import GenerationMode

from tests.integration.web.conftest import House, document

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
PREFIX = "/api/v1"
# Streams and bytes have their own tests; a stream would be waited for.
_SLOW = re.compile(r"/events$")


def _described(house: House) -> dict[str, Any]:
    answer = house.client().get(f"{PREFIX}/openapi.json")
    assert answer.status_code == 200
    description: dict[str, Any] = answer.json
    return description


def test_every_route_of_the_api_is_described(house: House) -> None:
    described = {(path, method.upper()) for path, methods in _described(house)["paths"].items() for method in methods}
    routes = set()
    for rule in house.app.url_map.iter_rules():
        if rule.rule.startswith(PREFIX) and not rule.endpoint.startswith(("system.", "forge", "notion")):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            routes |= {(path, method) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    assert described == routes


def test_the_schemas_are_valid_and_their_references_lead_somewhere(house: House) -> None:
    description = _described(house)
    assert description["openapi"] == "3.1.0"
    schemas = description["components"]["schemas"]
    for schema in schemas.values():
        OAS31Validator.check_schema(schema)
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', str(description).replace("'", '"')))
    assert references <= set(schemas)


def test_operations_have_names_of_their_own(house: House) -> None:
    names = [operation["operationId"] for methods in _described(house)["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))


def test_the_page_shows_every_operation_without_another_network(house: House) -> None:
    page = house.client().get("/api/docs")
    text = page.get_data(as_text=True)
    assert all(f"<code>{path}</code>" in text for path in _described(house)["paths"])
    assert "script" not in page.headers["Content-Security-Policy"].replace("script-src 'self'", "")
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    style = re.search(r'href="(/api/docs/static/[^"]+)"', text)
    assert style is not None
    with house.client().get(style[1]) as sheet:
        assert sheet.content_type == "text/css; charset=utf-8"


@pytest.mark.timeout(90)
def test_no_generated_request_ends_in_an_error_of_ours(house: House) -> None:
    schema = schemathesis.openapi.from_dict(_described(house))
    schema.app = house.app
    bearer = house.ours["admin"].bearer
    failures: list[str] = []
    imported = house.call(house.ours["admin"], "POST", f"{PREFIX}/sops", json={"document": document()}).json["sop_id"]
    operations = [o.ok() for o in schema.get_all_operations()]
    assert len(operations) > 60
    for operation in operations:
        if _SLOW.search(operation.path) or (operation.method.upper(), operation.path) == (
            "DELETE",
            f"{PREFIX}/workspaces/{{workspace_id}}",
        ):
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            # Half of the requests are about an SOP that is there.
            known = {"sop_id": imported} if mode is GenerationMode.POSITIVE else {}
            _try(operation.as_strategy(generation_mode=mode), known, bearer, failures)
    assert sorted(set(failures)) == []


def _try(strategy: Any, known: dict[str, str], bearer: dict[str, str], failures: list[str]) -> None:
    @seed(20_270_115)
    @hypothesis_settings(
        max_examples=3, database=None, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(strategy)
    def run(case: Case) -> None:
        case.path_parameters = {**case.path_parameters, **{name: known[name] for name in known if name in case.path_parameters}}
        answer = case.call(headers=bearer)
        if answer.status_code >= 500 and answer.status_code != 507:
            failures.append(f"{case.method} {case.formatted_path}: {answer.status_code}")

    with suppress(Unsatisfiable):  # an operation without parameters has no wrong ones
        run()
