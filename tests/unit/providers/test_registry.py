"""What holds for every provider in the registries: facts, emulator, credentials, the command that starts an emulator."""

import asyncio
import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from services.providers.base import Capability, read_many
from services.providers.errors import Unauthorised
from services.providers.facts import DATA, facts_of
from services.providers.registry import PROVIDERS
from services.providers.sandbox.registry import SANDBOXES
from tests.unit.providers.calls import PROVIDER_IDS
from tests.unit.providers.lab import Lab

ROOT = Path(__file__).resolve().parents[3]
KEYED = [provider for provider in PROVIDER_IDS if facts_of(provider).credentials]


def test_every_provider_has_facts_and_an_emulator():
    assert set(PROVIDERS) == set(SANDBOXES) == {path.stem for path in DATA.glob("*.toml")}


@pytest.mark.parametrize("provider", PROVIDER_IDS)
def test_facts_say_where_limits_come_from_and_speak_both_languages(provider):
    facts = facts_of(provider)
    assert facts.limits
    assert all(limit.source for limit in facts.limits)
    for text in [
        facts.sends,
        *(each for field in facts.credentials for each in (field.label, field.where)),
        *([facts.notes] if facts.notes else []),
    ]:
        assert re.search("[一-鿿]", text.zh)
        assert not re.search("[一-鿿]", text.en)
    assert facts.attempt_timeout_s <= facts.call_timeout_s


@pytest.mark.parametrize("provider", KEYED)
def test_the_emulators_credentials_are_those_the_facts_ask_for(provider, lab):
    at = lab(provider)
    asked = {field.name for field in facts_of(provider).credentials}
    assert set(at.sandbox.credentials) <= asked
    assert {field.name for field in facts_of(provider).credentials if field.required} <= set(at.sandbox.credentials)
    assert at.provider.connected
    assert at.provider.offers() == PROVIDERS[provider].capabilities()
    at.run(at.provider.check())


@pytest.mark.parametrize("provider", KEYED)
def test_a_wrong_credential_is_unauthorised_and_stays_out_of_the_error(provider, lab):
    at = lab(provider)
    wrong = {field.name: "wrong-secret-9137" for field in facts_of(provider).credentials if field.secret}
    connected = at.another(provider, credentials={**at.sandbox.credentials, **wrong})
    with pytest.raises(Exception, match=r"^\w+: (Unauthorised|Refused)") as caught:
        at.run(connected.check())
    assert "wrong-secret-9137" not in str(caught.value) + repr(caught.value) + str(vars(caught.value))
    assert "wrong-secret-9137" not in connected.account_key


@pytest.mark.parametrize("provider", KEYED)
def test_without_credentials_nothing_is_asked(provider, lab):
    at = lab(provider, credentials={})
    assert not at.provider.connected
    assert at.provider.offers() <= {Capability.PLANS, Capability.PLANS_FOR_TRIP}
    with pytest.raises(Unauthorised):
        at.run(at.provider.check())
    assert at.sandbox.log == []


@pytest.mark.parametrize("provider", [each for each in PROVIDER_IDS if Capability.READING in PROVIDERS[each].capabilities()])
def test_all_cards_are_read_and_a_wrong_one_fails_alone(provider):
    at = Lab(provider)
    cards = [*at.sandbox.cards.values()]
    found = at.run(read_many(at.provider, [*cards, "8999000000000000000"]))
    at.close()
    assert set(found.good) | set(found.failed) == {*cards, "8999000000000000000"}
    assert "8999000000000000000" in found.failed
    assert found.good
    for card, reading in found.good.items():
        assert reading.remote_id == card
        assert reading.of_card("ours", provider).card_id == "ours"


def test_an_emulator_starts_with_one_command_and_says_how_to_be_used():
    command = [sys.executable, "-m", "services.providers.sandbox", "airalo", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().split()[-1]
            said = [process.stdout.readline() for _ in range(3)]
            with urllib.request.urlopen(address + "/_sandbox/log", timeout=10) as answer:
                assert json.load(answer) == []
        finally:
            process.terminate()
    assert address.startswith("http://127.0.0.1:")
    assert "client_id = sandbox-airalo-client" in said[0]
    assert "card 89999" in said[2]


def test_two_providers_with_one_account_share_what_is_shared(lab):
    at = lab("airalo")
    second = PROVIDERS["airalo"](
        app=at.sandbox, credentials=at.sandbox.credentials, now=at.now, tokens=at.provider.tokens, adjust=lambda endpoint: endpoint
    )

    async def both() -> None:
        await asyncio.gather(at.provider.account(), second.account())

    at.run(both())
    at.run(second.aclose())
    assert len(at.asked("/token")) == 1
