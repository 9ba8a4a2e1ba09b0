"""Rules as renewal-facts words them, apart from the shipped files: the worked cases must not move when a shipped figure is corrected."""

from services.rules.clocks.library import parse_rule
from services.rules.clocks.schema import OperatorRule

_HEAD = """
id = "{id}"
country = "{country}"
{zone}
cards = ["sim"]
name = {{ en = "{id}", zh = "{id}" }}
[sources]
F = "renewal-facts, sections 1 and 2"
"""
_EVIDENCE = """
name = { en = "clock", zh = "时钟" }
source = ["F"]
as_of = "2026-11-20"
confidence = "H"
"""


def rule(operator: str, country: str, zone: str | None, *clocks: str) -> OperatorRule:
    """A rule from clock bodies; each starts with its ``id`` and ``kind`` lines and may go on with activity and ladder tables."""
    head = _HEAD.format(id=operator, country=country, zone=f'zone = "{zone}"' if zone else "")
    return parse_rule(head + "".join(f"\n[[clocks]]{_EVIDENCE}{clock}" for clock in clocks))


def stages(*steps: tuple[str, str, list[str] | None]) -> str:
    """Ladder tables from (code, after, rescue or None when nobody says)."""
    text = ""
    for code, after, rescue in steps:
        text += f'\n[[clocks.ladder]]\ncode = "{code}"\nafter = {{ value = "{after}" }}\n'
        if rescue is not None:
            text += f"rescue = {{ value = {rescue!r} }}\n"
    return text


def counted(yes: str, no: str = "", unknown: str = "") -> str:
    """Activity tables from codes with spaces between them."""
    text = ""
    for codes, line in ((yes, 'counts = "yes"'), (no, 'counts = "no"'), (unknown, 'confidence = "unknown"')):
        text += "".join(f'\n[[clocks.activity]]\nwhat = "{code}"\n{line}\n' for code in codes.split())
    return text


GIFFGAFF = rule(
    "giffgaff",
    "GB",
    "Europe/London",
    'id = "use"\nkind = "inactivity"\nstart = { value = "last_event" }\nspan = { value = "6 months" }\nstacking = { value = "reset" }\n'
    + counted("call_out sms_out mms_out data top_up bundle", "sms_in free_number", "call_in")
    + stages(("deactivated", "0 days", None)),
)
ASDA = rule(
    "asda",
    "GB",
    "Europe/London",
    'id = "top_up"\nkind = "top_up_only"\nstart = { value = "last_event" }\nspan = { value = "180 days" }\nstacking = { value = "reset" }\n'
    + counted("top_up bundle", "call_out sms_out data")
    + stages(("outgoing_barred", "0 days", ["top_up", "support"]), ("cancelled", "90 days", [])),
)
ULTRA = rule(
    "ultra",
    "US",
    "America/New_York",
    'id = "fee"\nkind = "wallet_fee"\nstart = { value = "activation" }\nspan = { value = "1 month" }\nmonth = { value = "30_days" }\n'
    'fee = { value = "3.00 USD" }\n' + stages(("suspended", "0 days", ["top_up"]), ("cancelled", "30 days", [])),
)
CMHK = rule(
    "cmhk",
    "HK",
    "Asia/Hong_Kong",
    'id = "validity"\nkind = "validity"\nstart = { value = "activation" }\nstacking = { value = "reset" }\n'
    'tiers = { value = [ { at_least = "50 HKD", span = "180 days" } ] }\ninitial = { value = "180 days" }\n',
)
VALUEGB = rule(
    "valuegb",
    "HK",
    "Asia/Hong_Kong",
    'id = "validity"\nkind = "validity"\nstart = { value = "activation" }\nstacking = { value = "reset" }\n'
    'tiers = { value = [ { at_least = "50 HKD", span = "365 days" } ] }\n'
    + stages(("grace", "0 days", ["top_up"]), ("cancelled", "30 days", [])),
)
SHINE_TOWN = rule(
    "shine_town",
    "HK",
    "Asia/Hong_Kong",
    'id = "validity"\nkind = "validity"\nstart = { value = "activation" }\nstacking = { value = "keep_later" }\n'
    'tiers = { value = [ { at_least = "50 HKD", span = "90 days" }, { at_least = "100 HKD", span = "180 days" } ] }\n'
    'initial = { value = "90 days" }\n' + stages(("cancelled", "0 days", [])),
)
TELKOMSEL = rule(
    "telkomsel",
    "ID",
    "Asia/Jakarta",
    'id = "credit"\nkind = "validity"\nstart = { value = "activation" }\ninitial = { value = "30 days" }\nstacking = { value = "stack" }\n'
    'cap = { value = "90 days" }\nfirst_day = { value = "free" }\nday = { value = "natural" }\nshown_date = { value = "last_day" }\n'
    'tiers = { value = [ { at_least = "5000 IDR", span = "7 days" }, { at_least = "25000 IDR", span = "30 days" }, '
    '{ at_least = "150000 IDR", span = "90 days" } ] }\n',
)
DTAC = rule(
    "dtac",
    "TH",
    "Asia/Bangkok",
    'id = "credit"\nkind = "validity"\nstart = { value = "activation" }\ninitial = { value = "30 days" }\nstacking = { value = "stack" }\n'
    'cap = { value = "365 days" }\nspan = { value = "30 days" }\nday = { value = "natural" }\nfirst_day = { value = "free" }\n',
)
SKINNY = rule(
    "skinny",
    "NZ",
    "Pacific/Auckland",
    'id = "use"\nkind = "inactivity"\nstart = { value = "last_event" }\nspan = { value = "12 months" }\nmonth = { value = "calendar" }\n'
    'stacking = { value = "reset" }\n' + counted("top_up sms_out transfer_in"),
)
SINGTEL = rule(
    "singtel",
    "SG",
    "Asia/Singapore",
    'id = "validity"\nkind = "validity"\nstart = { value = "activation" }\nstacking = { value = "reset" }\n'
    'tiers = { value = [ { at_least = "11 SGD", span = "120 days" }, { at_least = "21 SGD", span = "180 days" } ] }\n',
)
MAINLAND = rule(
    "mainland",
    "CN",
    "Asia/Shanghai",
    'id = "fee"\nkind = "arrears"\nfee_day = { value = 1 }\nfee = { value = "8.00 CNY" }\n'
    + stages(
        ("suspended", "0 days", ["top_up", "pay_arrears"]),
        ("cancelled", "3 months", ["support"]),
        ("reissued", "90 days", []),
    ),
)
NOMAD = rule(
    "nomad",
    "any",
    None,
    'id = "plan"\nkind = "bundle"\nstart = { value = "first_connection" }\nstacking = { value = "old_end_or_spent" }\n'
    'day = { value = "24h" }\n',
)
UBIGI = rule(
    "ubigi",
    "any",
    None,
    'id = "plan"\nkind = "bundle"\nstart = { value = "first_connection" }\nstacking = { value = "old_end" }\nday = { value = "24h" }\n',
    'id = "start_by"\nkind = "activate_by"\nstart = { value = "purchase" }\nspan = { value = "6 months" }\n'
    'ended_by = { value = ["installed"] }\n',
)
_RECYCLING = (
    'id = "profile"\nkind = "recycling"\nstart = { value = "plan_end" }\nspan = { value = "90 days" }\nday = { value = "24h" }\n'
    'stacking = { value = "reset" }\n'
)
AIRALO_INSTALL = rule(
    "airalo_install",
    "any",
    None,
    'id = "plan"\nkind = "bundle"\nstart = { value = "install" }\nday = { value = "24h" }\nstacking = { value = "parallel" }\n',
    _RECYCLING + counted("connect data", "install"),
)
AIRALO = rule(
    "airalo",
    "any",
    None,
    'id = "plan"\nkind = "bundle"\nstart = { value = "first_connection" }\nday = { value = "24h" }\nstacking = { value = "parallel" }\n',
    _RECYCLING + counted("connect data", "install"),
)
KKDAY = rule(
    "kkday",
    "any",
    None,
    'id = "plan"\nkind = "bundle"\nstart = { value = "first_connection" }\nday = { value = "natural" }\nfirst_day = { value = "counts" }\n'
    'zone = { value = "UTC+08:00" }\nstacking = { value = "old_end" }\n',
    'id = "start_by"\nkind = "activate_by"\nstart = { value = "purchase" }\nspan = { value = "90 days" }\n'
    'ended_by = { value = ["first_connection"] }\n'
    'zone = { value = "UTC+08:00" }\n',
)
GLOCALME = rule(
    "glocalme",
    "any",
    None,
    'id = "plan"\nkind = "bundle"\nstart = { value = "activation" }\nday = { value = "natural" }\nfirst_day = { value = "counts" }\n'
    'month = { value = "calendar" }\nzone = { value = "UTC-05:00" }\nspan = { value = "1 month" }\nstacking = { value = "old_end" }\n',
)
GLOCALME_EUROPE = rule(
    "glocalme_europe",
    "any",
    None,
    'id = "plan"\nkind = "bundle"\nstart = { value = "activation" }\nday = { value = "24h" }\nspan = { value = "30 days" }\n'
    'stacking = { value = "old_end" }\n',
)
YESIM = rule(
    "yesim",
    "any",
    None,
    'id = "plan"\nkind = "bundle"\nstart = { value = "purchase" }\nday = { value = "24h" }\nstacking = { value = "parallel" }\n',
)
CLUBSIM = rule(
    "clubsim",
    "HK",
    "Asia/Hong_Kong",
    'id = "data"\nkind = "bundle"\nstart = { value = "purchase" }\nspan = { value = "90 days" }\nstacking = { value = "reset" }\n',
)
SOSIM = rule(
    "sosim",
    "HK",
    "Asia/Hong_Kong",
    'id = "new"\nkind = "activate_by"\nstart = { value = "purchase" }\nspan = { value = "60 days" }\n'
    'ended_by = { value = ["installed"] }\n',
)
CTM = rule(
    "ctm",
    "MO",
    "Asia/Macau",
    'id = "validity"\nkind = "validity"\nstart = { value = "activation" }\nspan = { value = "180 days" }\n'
    'stacking = { value = "keep_later" }\n' + stages(("cancelled", "0 days", [])),
)
