"""``python -m services.use.check_providers``: are the providers still what their contracts say?

Asks every provider that needs no key, and every one with credentials in ``.streamlit/secrets.toml``, only what reads, and compares
the shape of the answers with the contract's. It never orders. The report names fields and kinds of value, and no value.

    [simkeeper.providers.airalo]
    client_id = "..."
    client_secret = "..."

Ends with 0 when nothing drifted that is read today, with 1 when something did, with 2 when nobody could be asked.
"""

import argparse
import asyncio
import dataclasses
import itertools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.providers.base import Provider
from services.providers.drift import Drift, DriftKind, Shape, breaks, compare, observe
from services.providers.facts import facts_of
from services.providers.registry import PROVIDERS
from services.providers.sandbox.registry import SANDBOXES
from services.use.configuration import SECRETS, read_configuration


@dataclass(frozen=True, slots=True)
class Checked:
    """One provider's result. ``verbs``: what was asked of it."""

    provider: str
    verbs: tuple[str, ...]
    drifts: tuple[Drift, ...]

    @property
    def unreachable(self) -> bool:
        """Nothing at all was answered."""
        errors = [drift for drift in self.drifts if drift.kind is DriftKind.ERROR]
        return bool(errors) and len(errors) == len(self.drifts) and all(drift.found.startswith("Unreachable") for drift in errors)


async def contract_of(provider: str) -> Shape:
    """The shape of the contract: what the emulator answers, in a time that runs ahead so that no rate limit is waited for."""
    passed = itertools.count()
    began = datetime.now(UTC)

    def now() -> datetime:
        return began + timedelta(seconds=next(passed))

    sandbox = SANDBOXES[provider](now=now)
    model = PROVIDERS[provider](
        app=sandbox, credentials=sandbox.credentials, now=now, adjust=lambda endpoint: dataclasses.replace(endpoint, limits=())
    )
    try:
        return await observe(model)
    finally:
        await model.aclose()


async def check(live: Provider) -> Checked:
    """Ask ``live`` what it offers with its credentials, and compare. Raises no ProviderError: a failure is part of the result."""
    contract, found = await asyncio.gather(contract_of(live.id), observe(live))
    return Checked(live.id, tuple(dict.fromkeys(found.verbs)), tuple(compare(contract, found)))


def report(results: Sequence[Checked], at: datetime) -> str:
    """The report as Markdown."""
    lines = [f"# Providers checked {at:%Y-%m-%d %H:%M} UTC", ""]
    for result in results:
        lines += [f"## {facts_of(result.provider).name}", "", f"Asked: {', '.join(result.verbs) or 'nothing'}.", ""]
        if result.unreachable:
            lines += ["Could not be reached.", ""]
        elif not result.drifts:
            lines += ["As in the contract.", ""]
        else:
            lines += ["| drift | where | contract | now |", "|---|---|---|---|"]
            lines += [f"| {each.kind} | {_cell(each.where)} | {_cell(each.expected)} | {_cell(each.found)} |" for each in result.drifts]
            lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text from a provider's answer in a table: no markup of its own."""
    return "".join(c if c.isalnum() or c in " .,:;/_-[]{}()+%" else "?" for c in text)


async def check_all(wanted: Sequence[str], credentials: Mapping[str, Mapping[str, str]], urls: Mapping[str, str]) -> list[Checked]:
    """Those of ``wanted`` that can be asked anything."""
    opened = [PROVIDERS[name](base_url=urls.get(name), credentials=credentials.get(name)) for name in wanted]
    try:
        return list(await asyncio.gather(*(check(provider) for provider in opened if provider.offers())))
    finally:
        for provider in opened:
            await provider.aclose()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m services.use.check_providers", description="Compare providers with their contracts.")
    parser.add_argument("providers", nargs="*", choices=[*sorted(PROVIDERS), []], help="these alone; else all that can be asked")
    parser.add_argument("--secrets", type=Path, default=SECRETS)
    parser.add_argument("--report", type=Path, default=Path("provider-drift.md"))
    given = parser.parse_args(arguments)
    configuration = read_configuration(secrets_file=given.secrets)
    results = asyncio.run(check_all(given.providers or list(PROVIDERS), configuration.credentials, configuration.urls))
    text = report(results, datetime.now(UTC))
    given.report.write_text(text, "utf-8")
    print(text)
    if all(result.unreachable for result in results):
        return 2
    return int(any(breaks(result.drifts) for result in results if not result.unreachable))


if __name__ == "__main__":
    sys.exit(main())
