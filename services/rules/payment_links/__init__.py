"""Is this the operator's own payment page? Answered offline, from the address alone.

Three verdicts: the address is on the operator's own list, something about it is wrong, or it is not known. What is not known is never
called safe, and an address on the list says who runs the page, not that the page is free of faults.
"""

from services.rules.payment_links.check import LinkCheck, Reason, Sign, Verdict, check_link
from services.rules.payment_links.sites import Site, SiteList, shipped_sites

__all__ = ["LinkCheck", "Reason", "Sign", "Site", "SiteList", "Verdict", "check_link", "shipped_sites"]
