"""The web channel against its own OpenAPI document, with requests that schemathesis makes up."""

import json
import urllib.request

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from bot import server
from bot.channels.web.contract import document
from tests.scripted import live_knowledge, serving

api = schemathesis.openapi.from_dict(document())
examples = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(server, "get_live_knowledge", live_knowledge)
    limits = {"rate_conversation": 100_000, "rate_address": 1_000_000}
    with serving(tmp_path_factory.mktemp("lotse"), **limits) as (address, _):
        yield address
    patch.undo()


@api.parametrize()
@examples
def test_every_request_gets_an_answer_that_the_contract_describes(case, address):
    case.call_and_validate(base_url=f"{address}/api/v1")


@api.include(path_regex="messages|feedback").parametrize()
@examples
def test_so_does_every_request_with_a_valid_token(case, address):
    request = urllib.request.Request(f"{address}/api/v1/conversations", method="POST")
    with urllib.request.urlopen(request) as opened:
        token = json.load(opened)["token"]
    case.call_and_validate(
        base_url=f"{address}/api/v1",
        headers={"Authorization": f"Bearer {token}"},
        # a schema can't say which choices and entries there are
        excluded_checks=[positive_data_acceptance],
    )
