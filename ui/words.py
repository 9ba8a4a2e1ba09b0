"""The words for coded values: answers, kinds of plan, start rules, reasons, failures of a provider."""

from collections.abc import Mapping
from typing import Any

from ui.language import _, mark
from ui.text import plain

ANSWER = {"yes": mark("Yes"), "no": mark("No"), "unknown": mark("Not published")}
TICK = {"yes": "✓", "no": "✗", "unknown": "?"}
KIND = {"total": mark("Fixed amount"), "per_day": mark("Amount per day"), "unlimited": mark("Unlimited")}
ORIGIN = {"live": mark("Fetched"), "imported": mark("Imported"), "sandbox": mark("Invented")}
START_RULE = {
    "first_connection": mark("At the first connection abroad"),
    "install": mark("When installed"),
    "purchase": mark("When bought"),
    "date": mark("On a date you choose"),
    "unknown": mark("Not published"),
}
PRESET = {
    "best_value": mark("Best value"),
    "short_stay": mark("Short stay"),
    "long_stay": mark("Long stay"),
    "unlimited": mark("Unlimited"),
}
SORT = {
    "total": mark("Total for this trip"),
    "per_gb": mark("Price per GB"),
    "days": mark("Validity"),
    "data": mark("Usable data"),
    "purchases": mark("Times to buy"),
    "seller": mark("Seller"),
    "price_date": mark("Price date"),
}
TOTAL_STATE = {
    "known": "",
    "no_rate": mark("No exchange rate for this currency"),
    "validity_not_published": mark("See the seller: the period of the price is not published"),
    "once_only": mark("New customers only, and one purchase is not enough"),
    "too_many": mark("Not sensible for this trip"),
}
UNLIMITED_MEANING = {
    "then_slower": mark("Full speed up to the fair use, then slower"),
    "then_stops": mark("Full speed up to the fair use, then no data"),
    "then_unpublished": mark("Full speed up to the fair use, then not published"),
    "fair_use_unpublished": mark("Fair use not published"),
    "speed_not_published": mark("Speed not published"),
}
FEATURE = {
    "hotspot": mark("Hotspot"),
    "id_check": mark("ID check"),
    "top_up": mark("Top-up"),
    "five_g": mark("5G"),
    "phone_number": mark("Phone number"),
    "new_users_only": mark("New customers only"),
    "consecutive_days": mark("Consecutive days"),
}
EXPORT_HEADING = {
    "seller": mark("Seller"),
    "name": mark("Plan"),
    "plan_id": mark("Plan number at the seller"),
    "origin": mark("Where from"),
    "total": mark("Total for this trip"),
    "question_currency": mark("Currency of the totals"),
    "total_state": mark("Note"),
    "purchases": mark("Times to buy"),
    "meets_need": mark("Carries your need at full speed"),
    "usable_gb": mark("Usable data, GB"),
    "validity_days": mark("Days"),
    "per_gb": mark("Per GB"),
    "per_day": mark("Per day"),
    "covers_all": mark("Works in every country"),
    "covers": mark("Works in"),
    "kind": mark("Kind of allowance"),
    "volume_gb": mark("Allowance, GB"),
    "unlimited_meaning": mark("What unlimited means"),
    "fair_use_gb_per_day": mark("Fair use, GB a day"),
    "speed_after_kbps": mark("Speed after, kbps"),
    "start_rule": mark("Validity starts"),
    "price": mark("Price of one purchase"),
    "promo_price": mark("Promotional price, terms not published"),
    "currency": mark("Currency of the price"),
    "fetched_at": mark("Price date"),
    "stale": mark("Price older than a day"),
    "buy_url": mark("Address at the seller"),
    **FEATURE,
}
NEED = {
    "hotspot": mark("Hotspot"),
    "five_g": mark("5G"),
    "phone_number": mark("Phone number"),
    "no_id_check": mark("No ID check"),
}
STAGE = {
    "waiting": mark("waiting"),
    "fetching": mark("asking the seller"),
    "storing": mark("storing the prices"),
    "done": mark("done"),
    "failed": mark("failed"),
    "too_soon": mark("asked less than 15 minutes ago"),
}
PROBLEM = {
    "no_country": mark("Choose where you are going."),
    "unknown_country": mark("We do not know the place “{value}”. Choose it from the list, or write its name in English or Chinese."),
    "no_date": mark("Choose the first and the last day of the trip."),
    "bad_date": mark("“{value}” is not a date. Choose the day from the calendar."),
    "dates_reversed": mark("The last day is before the first day. Choose a later last day or an earlier first day."),
    "dates_past": mark("These dates are over. Choose dates from today on."),
    "trip_too_long": mark("A trip can have at most 366 days here. Choose an earlier last day."),
    "no_need": mark("Say how much data you need: more than 0 GB."),
    "bad_need": mark("“{value}” is not an amount of data. Write a number of GB, such as 1.5."),
    "need_too_large": mark("{value} GB is more than any plan carries. Write at most 200 GB a day or 5,000 GB in all."),
    "unknown_currency": mark("We have no exchange rates for “{value}”. Choose a currency from the list."),
    "bad_value": mark("“{value}” in the address is not a choice on this page; it was left out."),
}


def word(table: Mapping[str, str], code: str) -> str:
    """The word for ``code`` in the session's language."""
    found = table[code]
    return _(found) if found else ""


def failure(facts: Mapping[str, Any]) -> str:
    """A failed fetch in a sentence that says what to do. ``facts`` as ``services.use.catalogue.failure_of`` makes them."""
    match facts["kind"], facts.get("because"):
        case "Unreachable", "timeout":
            return _("The seller's server did not answer in time. Try again later; the old prices stay.")
        case "Unreachable", "tls":
            return _(
                "The seller's server could not prove who it is, so nothing was read. Check the date of this machine, or try another network."
            )
        case "Unreachable", "server":
            return _("The seller's server has a fault of its own ({status}). Try again later; the old prices stay.").format(
                status=facts.get("status")
            )
        case "Unreachable", _because:
            return _("The seller's server could not be reached. Check the internet connection and try again; the old prices stay.")
        case "RateLimited", _because:
            return _("The seller asks us to wait before the next request. Try again later; the old prices stay.")
        case "Malformed", _because:
            return _("The seller's answer has changed or is damaged, so nothing of it was used ({path}). The old prices stay.").format(
                path=plain(str(facts.get("path") or facts.get("problem")))
            )
        case "Unexpected", _because:
            return _("Something unexpected happened. The log has the details under the code {code}. The old prices stay.").format(
                code=facts.get("code")
            )
        case _kind, _because:
            return _("The seller refused the request ({status}). Its public prices may have moved; the old prices stay.").format(
                status=facts.get("status") or facts["kind"]
            )
