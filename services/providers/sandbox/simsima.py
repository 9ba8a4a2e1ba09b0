"""Emulator of Simsima's catalogue feed. Shapes as in the contract; unknown locales answer 404 with a page, as sites do."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from services.providers.sandbox.faults import Sandbox
from services.providers.sandbox.invented import Invented, invented_plans

SITE = "https://simsima.io/en/esim"


def create_app(seed: str = "simsima", now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Sandbox:
    """The emulator. ``seed`` chooses the invented prices."""
    plans = invented_plans(seed)

    async def catalogue(request: Request) -> Response:
        if request.path_params["locale"] != "en":
            return HTMLResponse("<h1>404</h1>", 404)
        items = [_item(plan) for plan in plans]
        places = {plan.place: plan for plan in plans}
        feed = {
            "generatedAt": now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "brand": "Simsima",
            "currency": "USD",
            "count": len(items),
            "items": items,
            "destinations": [_destination(plan) for plan in places.values()],
        }
        return JSONResponse(feed)

    return Sandbox(Starlette(routes=[Route("/{locale}/agent/catalog", catalogue)]))


def _item(plan: Invented) -> dict[str, Any]:
    size = "unlimited" if plan.gigabytes is None else f"{plan.gigabytes}gb"
    slug = f"esim-{plan.place.lower()}"
    sku = f"{slug}-{size}-{plan.days}d"
    return {
        "sku": sku,
        "destination": plan.place.lower(),
        "countryCode": plan.place if len(plan.place) == 2 else None,
        "dataAmountGB": plan.gigabytes,
        "unlimited": plan.gigabytes is None,
        "validityDays": plan.days,
        "price": plan.cents / 100,
        "currency": "USD",
        "url": f"{SITE}/{slug}",
        "checkoutUrl": f"{SITE}/{slug}?plan={sku}",
        "topUp": plan.gigabytes is not None,
        "availability": "out_of_stock" if plan.gigabytes == 50 and plan.five_g else "in_stock",
        "instantDelivery": True,
    }


def _destination(plan: Invented) -> dict[str, Any]:
    local = len(plan.countries) == 1
    slug = f"esim-{plan.place.lower()}"
    return {
        "destination": plan.place.lower(),
        "pathSlug": slug,
        "url": f"{SITE}/{slug}",
        "countryCode": plan.place if local else None,
        "bundleType": "local" if local else "regional",
        "coverage": list(plan.countries),
        "networks": [{"name": f"Sandbox {plan.place} Mobile", "types": ["4G", "5G"] if plan.five_g else ["4G"]}] if local else [],
    }
