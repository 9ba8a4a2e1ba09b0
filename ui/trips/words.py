"""The words of the trip page for coded values."""

from services.model.itinerary import Caution, Lost, Sharing
from services.model.saved_trip import StepKind
from services.rules.journeys.offers import NotOffered
from services.rules.journeys.question import Fault
from ui.language import mark

FAULT = {
    Fault.NO_LEG: mark("Add the first stay of your trip."),
    Fault.NO_COUNTRY: mark("Stay {leg}: choose the country."),
    Fault.NO_DATE: mark("Stay {leg}: choose the first and the last day."),
    Fault.DATES_REVERSED: mark("Stay {leg}: the last day is before the first day."),
    Fault.DATES_PAST: mark("All of these days are over. Choose days from today on."),
    Fault.TOO_LONG: mark("A trip can have at most 180 days here. Choose an earlier last day, or plan it in two parts."),
    Fault.NO_NEED: mark("Say how much data you need a day: more than 0 GB."),
    Fault.NEED_TOO_LARGE: mark("More than 200 GB a day is more than any plan carries. Write a smaller amount."),
    Fault.UNKNOWN_CURRENCY: mark("We have no exchange rates for “{value}”. Choose a currency from the list."),
    Fault.BAD_VALUE: mark("“{value}” in the address is not a choice on this page; it was left out."),
}
SHARING = {
    Sharing.NONE: mark("Each device has its own plan"),
    Sharing.PERSON: mark("Each traveller's devices share"),
    Sharing.ALL: mark("All devices share one plan"),
}
CAUTION = {
    Caution.FAIR_USE_UNPUBLISHED: mark("Sold as unlimited; from which amount it slows down is not published"),
    Caution.SLOW_AFTER_CAP: mark("Slow after the allowance is used up"),
    Caution.SPEED_AFTER_CAP_UNPUBLISHED: mark("What happens after the allowance is used up is not published"),
    Caution.HOTSPOT_UNPUBLISHED: mark("Whether a hotspot is allowed is not published"),
    Caution.NO_HOTSPOT: mark("No hotspot"),
    Caution.FIVE_G_UNPUBLISHED: mark("Whether it has 5G is not published"),
    Caution.NUMBER_UNPUBLISHED: mark("Whether it has a phone number is not published"),
    Caution.ID_CHECK: mark("ID check before it works: do it before leaving"),
    Caution.ID_CHECK_UNPUBLISHED: mark("Whether there is an ID check is not published"),
    Caution.STARTS_AT_INSTALL: mark("Validity starts when installed"),
    Caution.STARTS_AT_PURCHASE: mark("Validity starts when bought"),
    Caution.STARTS_ON_DATE: mark("Choose the start date when buying"),
    Caution.START_UNPUBLISHED: mark("What starts the validity is not published: install it on its first day"),
    Caution.NEW_USERS_ONLY: mark("New customers only"),
    Caution.NEW_USERS_UNPUBLISHED: mark("Whether it is for new customers only is not published"),
    Caution.FIRST_ORDER_PRICE: mark("First-order price: once per person"),
    Caution.FREE_ONCE: mark("Free once per person"),
}
LOST = {
    Lost.DEARER: mark("it does the same and costs {difference} more"),
    Lost.COUNTRY: mark("it does not work in every country where it would be needed"),
    Lost.DAYS: mark("its validity is {short} too short"),
    Lost.DATA: mark("it carries {short} too little"),
    Lost.DATA_PER_DAY: mark("it carries {short} a day too little"),
    Lost.HOTSPOT_NO: mark("it allows no hotspot"),
    Lost.HOTSPOT_UNKNOWN: mark("it does not publish whether a hotspot is allowed"),
    Lost.FIVE_G_NO: mark("it has no 5G"),
    Lost.FIVE_G_UNKNOWN: mark("it does not publish whether it has 5G"),
    Lost.NUMBER_NO: mark("it has no phone number"),
    Lost.NUMBER_UNKNOWN: mark("it does not publish whether it has a phone number"),
    Lost.ID_CHECK: mark("it asks for an ID check"),
    Lost.ID_CHECK_UNKNOWN: mark("it does not publish whether there is an ID check"),
    Lost.FAIR_USE_UNPUBLISHED: mark("it is sold as unlimited and does not publish from which amount it slows down"),
    Lost.LEFT_OUT: mark("you left it out"),
}
REMEDY = {
    Lost.HOTSPOT_NO: mark("do without a hotspot there"),
    Lost.HOTSPOT_UNKNOWN: mark("accept plans that do not publish what you need"),
    Lost.FIVE_G_NO: mark("do without 5G there"),
    Lost.FIVE_G_UNKNOWN: mark("accept plans that do not publish what you need"),
    Lost.NUMBER_NO: mark("do without a phone number there"),
    Lost.NUMBER_UNKNOWN: mark("accept plans that do not publish what you need"),
    Lost.ID_CHECK: mark("accept an ID check"),
    Lost.ID_CHECK_UNKNOWN: mark("accept plans that do not publish what you need"),
    Lost.FAIR_USE_UNPUBLISHED: mark("accept unlimited plans without published fair use"),
    Lost.LEFT_OUT: mark("take a plan back that you left out"),
}
NOT_OFFERED = {
    NotOffered.DATA_UNKNOWN: mark("what is left is not known: add a reading"),
    NotOffered.NOTHING_LEFT: mark("no data is left"),
    NotOffered.END_UNKNOWN: mark("its last day is not known: add a reading with a date"),
    NotOffered.ENDED: mark("its data has ended"),
    NotOffered.COUNTRY_UNKNOWN: mark("where it works is not known: choose the countries"),
}
STEP = {
    StepKind.CHECK_PHONE: mark("Check that the phone is unlocked and takes an eSIM"),
    StepKind.BUY: mark("Buy {what} at {seller}"),
    StepKind.BUY_ON_THE_DAY: mark("Buy {what} at {seller}, on this day and not before"),
    StepKind.INSTALL: mark("Install {what} on Wi-Fi, before leaving; do not switch it on yet"),
    StepKind.INSTALL_ON_THE_DAY: mark("Install {what} on Wi-Fi, on this day and not before"),
    StepKind.TOP_UP: mark("Top up: {what}"),
    StepKind.TAKE_CARD: mark("Put {what} into the phone or the luggage"),
    StepKind.HOME_ROAMING_OFF: mark("Switch data roaming of the home SIM off; leave the SIM itself on for codes and calls"),
    StepKind.SWITCH_ON: mark("Switch on {what}, with its data roaming; use it until {until}"),
    StepKind.HOTSPOT_ON: mark("Switch the hotspot on for the other devices"),
    StepKind.HOME_DATA_ON: mark("At home again: mobile data back to the home SIM"),
}
CHOICE = {
    "cheapest": mark("Cheapest mix"),
    "one_plan": mark("One plan for everything"),
    "owned": mark("Only what I own"),
}
