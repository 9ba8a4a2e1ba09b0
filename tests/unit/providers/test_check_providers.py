"""The contract check against emulators that are as they should be, and against ones that drifted."""

import json

import pytest

from services.providers.base import Capability
from services.providers.drift import DriftKind, breaks
from services.providers.registry import PROVIDERS
from services.providers.sandbox.faults import Fault, true_answer
from services.providers.sandbox.registry import SANDBOXES
from services.providers.sandbox.server import serve
from services.use.check_providers import check, main, report
from tests.unit.providers.calls import PROVIDER_IDS
from tests.unit.providers.lab import START, Lab, without_limits


def checked(provider, change=lambda path, answer: answer, fault=None):
    """The result for an emulator whose every answer goes through ``change``."""
    lab = Lab(provider, adjust=without_limits)
    sandbox = SANDBOXES[provider]("another shop", now=lab.now)
    inner = sandbox.app

    async def altered(scope, receive, send):
        status, headers, body = await true_answer(inner, scope, receive)
        said = change(scope["path"], json.loads(body))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(said).encode()})

    sandbox.app = altered
    if fault is not None:
        sandbox.faults.append(fault)
    lab.sandbox = sandbox
    live = lab.another(provider)
    try:
        return lab.run(check(live)), sandbox
    finally:
        lab.run(live.aclose())
        lab.close()


def replace_everywhere(answer, name, change):
    """Every value under the key ``name``, changed; ``change`` gives KeyError to take the key away."""
    if isinstance(answer, list):
        return [replace_everywhere(each, name, change) for each in answer]
    if not isinstance(answer, dict):
        return answer
    made = {}
    for key, value in answer.items():
        try:
            made[key] = change(value) if key == name else replace_everywhere(value, name, change)
        except KeyError:
            continue
    return made


def gone(value):
    raise KeyError


@pytest.mark.parametrize("provider", PROVIDER_IDS)
def test_another_shop_with_the_same_contract_is_no_drift(provider):
    result, sandbox = checked(provider)
    assert result.drifts == ()
    wanted = {verb for verb in PROVIDERS[provider].capabilities() if verb in {Capability.PLANS, Capability.CARDS, Capability.ACCOUNT}}
    assert wanted <= set(result.verbs)
    assert not any("order" in asked.path.lower() and asked.method == "POST" for asked in sandbox.log)
    assert not any(word in asked.path for asked in sandbox.log for word in ("esim/topup", "/refill", "purchases/topup"))


def test_a_field_that_went_away():
    result, _ = checked("airalo", lambda path, answer: replace_everywhere(answer, "rechargeability", gone))
    (drift,) = result.drifts
    assert drift.kind is DriftKind.MISSING
    assert drift.where == "GET /v2/packages .data[].operators[].rechargeability"
    assert drift.expected == "flag"


def test_a_field_that_changed_its_type():
    result, _ = checked("esimaccess", lambda path, answer: replace_everywhere(answer, "expiredTime", lambda value: 1790000000))
    kinds = {drift.kind for drift in result.drifts}
    assert DriftKind.TYPE in kinds
    assert DriftKind.ERROR in kinds  # and the adapter refuses it
    assert breaks(result.drifts)


def test_a_new_field_is_told_and_breaks_nothing():
    result, _ = checked("esimgo", lambda path, answer: {**answer, "hotspot": True} if isinstance(answer, dict) else answer)
    assert {drift.kind for drift in result.drifts} == {DriftKind.NEW}
    assert not breaks(result.drifts)


@pytest.mark.parametrize(
    ("provider", "name", "factor"), [("simsima", "price", 100), ("simsima", "dataAmountGB", 1024), ("esimaccess", "volume", 1 / 1024)]
)
def test_a_unit_that_changed_is_noticed_by_its_size(provider, name, factor):
    def scaled(value):
        return value if value is None else type(value)(value * factor)

    result, _ = checked(provider, lambda path, answer: replace_everywhere(answer, name, scaled))
    assert DriftKind.UNIT in {drift.kind for drift in result.drifts}


def test_a_failure_is_part_of_the_result_and_has_no_secret_and_no_value():
    result, sandbox = checked("keepgo", fault=Fault("status", status=401, body='{"message": "<b>key</b> is wrong"}'))
    assert {drift.kind for drift in result.drifts} == {DriftKind.ERROR}
    result_fine, _ = checked("airalo", lambda path, answer: replace_everywhere(answer, "status", lambda value: [value]))
    text = report([result, result_fine], START)
    for secret in [*sandbox.credentials.values(), "LPA:1", "89999", "<b>"]:
        assert secret not in text
    assert "Unauthorised" in text


def test_the_command(tmp_path, capsys):
    sandbox, secrets, out = SANDBOXES["airalo"](), tmp_path / "secrets.toml", tmp_path / "drift.md"
    with serve(sandbox) as address:
        lines = [f'{name} = "{value}"' for name, value in sandbox.credentials.items()]
        urls = f'[simkeeper.urls]\nairalo = "{address}"\nsimsima = "{address}/nowhere"\n'
        secrets.write_text(urls + "[simkeeper.providers.airalo]\n" + "\n".join(lines), "utf-8")
        assert main(["airalo", "--secrets", str(secrets), "--report", str(out)]) == 0
        assert "As in the contract" in out.read_text("utf-8")
        assert main(["simsima", "--secrets", str(secrets), "--report", str(out)]) == 1
        sandbox.faults.append(Fault("status", status=503))
        assert main(["simsima", "--secrets", str(secrets), "--report", str(out)]) == 2
    assert main(["esimaccess", "--secrets", str(secrets), "--report", str(out)]) == 2  # no credentials: nobody to ask
    assert sandbox.credentials["client_secret"] not in capsys.readouterr().out
