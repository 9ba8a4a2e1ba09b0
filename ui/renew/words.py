"""The words of a renewal: channels, situations, statuses, parts of a guide, signs of a bad link, doubts about a number."""

from collections.abc import Mapping

from services.model.clock import Confidence
from services.model.renewal import Channel, EventKind, RenewalStatus, Situation
from services.rules.guides.schema import Part, Phase
from services.rules.number_check import Difference, Doubt
from services.rules.payment_links import Sign
from services.rules.renewals.ranking import Why
from ui.language import mark

S = RenewalStatus
CHANNEL: Mapping[str, str] = {
    Channel.APP: mark("Official app"),
    Channel.WEBSITE: mark("Official website"),
    Channel.HOTLINE: mark("Hotline or text"),
    Channel.THIRD_PARTY: mark("Third-party platform"),
    Channel.OWN_SHOP: mark("The operator's shop"),
    Channel.PARTNER_SHOP: mark("Convenience store or voucher"),
    Channel.API: mark("Through a connected provider"),
}
SITUATION: Mapping[str, str] = {
    Situation.HOME: mark("At home"),
    Situation.ABROAD: mark("Abroad"),
    Situation.CANNOT_LOG_IN: mark("I cannot sign in"),
    Situation.NO_SMS: mark("No text message arrives"),
    Situation.FORGOT_ACCOUNT: mark("I forgot the account"),
    Situation.PHONE_CHANGED: mark("I have another phone"),
    Situation.CARD_EXPIRED: mark("The card has expired"),
    Situation.FAMILY_CARD: mark("It is a family member's card"),
}
STATUS: Mapping[str, str] = {
    S.DRAFT: mark("Nothing paid yet"),
    S.PAYING: mark("Paying now"),
    S.SENT: mark("Paid"),
    S.UNKNOWN: mark("Not clear whether paid"),
    S.PENDING: mark("Waiting for it to count"),
    S.CONFIRMED: mark("Confirmed"),
    S.FAILED: mark("Failed"),
    S.REFUNDED: mark("Refunded"),
    S.DISPUTED: mark("In dispute"),
}
GO_TO: Mapping[str, str] = {
    S.DRAFT: mark("Nothing was paid: back to the steps"),
    S.PAYING: mark("I am paying now"),
    S.SENT: mark("I have paid"),
    S.UNKNOWN: mark("I am not sure whether it went through"),
    S.PENDING: mark("Nothing has changed yet: wait"),
    S.FAILED: mark("It failed"),
    S.REFUNDED: mark("The money came back"),
    S.DISPUTED: mark("Open a dispute"),
}
ADVICE: Mapping[str, str] = {
    S.DRAFT: mark("Go through the steps before you pay."),
    S.PAYING: mark("Say how it went as soon as you know. Do not press pay twice."),
    S.SENT: mark("Enter the amount and the order number, then look at the card again."),
    S.UNKNOWN: mark("Do not pay again. Look for the order in the account, in your bank and on the card first."),
    S.PENDING: mark("Do not pay again. Look at balance and date until both have changed."),
    S.CONFIRMED: mark("Balance and date have changed as promised."),
    S.FAILED: mark("If money left, ask for it back below. If none left, go on with the next channel."),
    S.REFUNDED: mark("The money is back. The card was not renewed."),
    S.DISPUTED: mark("Keep to the deadlines below, and keep every answer."),
}
PART: Mapping[str, str] = {
    Part.READY: mark("What to have ready"),
    Part.COST: mark("Cost"),
    Part.PAYMENT: mark("Ways to pay"),
    Part.HOURS: mark("Hours"),
    Part.EFFECT: mark("How long until it counts"),
    Part.TRAP: mark("Traps"),
    Part.WRONG_NUMBER: mark("If the number is wrong"),
    Part.EVIDENCE: mark("What to keep as evidence"),
    Part.FALLBACK: mark("If it does not work"),
    Part.DEVICE: mark("Does the phone take eSIMs?"),
    Part.PROFILE: mark("The profile and its days"),
    Part.INSTALL: mark("Installing"),
    Part.ACTIVATE: mark("Switching on"),
    Part.BACKUP: mark("What to save before changing phones"),
}
PHASE: Mapping[str, str] = {Phase.BEFORE: mark("Before you pay"), Phase.PAY: mark("Pay"), Phase.AFTER: mark("After paying")}
CONFIDENCE: Mapping[str, str] = {
    Confidence.HIGH: mark("operator's page, or two sources that agree"),
    Confidence.MEDIUM: mark("one good source"),
    Confidence.LOW: mark("a blog or a single report"),
    Confidence.DISPUTED: mark("sources disagree"),
    Confidence.ASSUMED: mark("our advice"),
    Confidence.UNKNOWN: mark("not known"),
    Confidence.OWN: mark("your own figure"),
}
WHY: Mapping[str, str] = {
    Why.NAMED: mark("known for this operator"),
    Why.NOT_NAMED: mark("not confirmed for this operator"),
    Why.WORKS_ABROAD: mark("works from abroad"),
    Why.NOT_ABROAD: mark("not from abroad"),
    Why.ABROAD_UNKNOWN: mark("from abroad: not known"),
    Why.HARD_NOW: mark("hard in this situation"),
    Why.FAILED_BEFORE: mark("already tried"),
    Why.NO_PROVIDER: mark("no provider is connected for this card"),
}
SIGN: Mapping[str, str] = {
    Sign.HIDDEN_CHARACTERS: mark("It contains invisible characters."),
    Sign.BACKSLASH: mark("It contains a backslash, which hides the true address."),
    Sign.USER_INFO: mark("What stands before the @ is not the address. It leads to what stands after it."),
    Sign.ENCODED_HOST: mark("Part of the address is written in code ({found})."),
    Sign.BARE_ADDRESS: mark("It leads to a bare number ({found}), not to a name."),
    Sign.ODD_PORT: mark("It uses an unusual port ({found})."),
    Sign.OTHER_SCHEME: mark("It is no web page: it starts with {found}."),
    Sign.PLAIN_HTTP: mark("It is not encrypted (http). Type the address with https yourself."),
    Sign.SEVERAL_LINKS: mark("There are several links in the text. Check them one by one."),
    Sign.PUNYCODE: mark("It is written in a code for foreign letters; read out it is {found}."),
    Sign.FOREIGN_LETTERS: mark("It contains letters of another script: {found}"),
    Sign.SHORTENER: mark("{found} shortens links and hides where this one leads."),
    Sign.LOOK_ALIKE: mark("{found} only looks like {meant}."),
    Sign.NAME_IN_FRONT: mark("{meant} stands in front, but the page belongs to {found}."),
    Sign.NAME_INSIDE: mark("{found} carries the operator's name, but the operator's own address is {meant}."),
    Sign.NAME_IN_PATH: mark("{meant} stands only behind the slash. The page belongs to {found}."),
    Sign.OTHER_ENDING: mark("{found} has another ending than {meant}: another country's site, or a copy."),
    Sign.WRONG_COUNTRY: mark("This is {found}, the same brand elsewhere. Your card is paid at {meant}."),
    Sign.OTHER_OPERATOR: mark("This is the page of another operator: {found}."),
    Sign.LEADS_ON: mark("It sends you on to {found}."),
    Sign.APP_FILE: mark("It loads a program ({found}). Install apps from the official store only."),
}
DIFFERENCE: Mapping[str, str] = {
    Difference.FIRST: mark("There is no earlier confirmed payment to compare with."),
    Difference.SAME: mark("The same number as in the last confirmed renewal."),
    Difference.ONE_DIGIT: mark("One digit differs from the number paid last time."),
    Difference.TWO_SWAPPED: mark("Two digits are swapped compared with the number paid last time."),
    Difference.LENGTH: mark("It is longer or shorter than the number paid last time."),
    Difference.OTHER: mark("Another number than the one paid last time."),
}
DOUBT: Mapping[str, str] = {
    Doubt.OTHER_COUNTRY: mark("The number is from another country than the operator."),
    Doubt.OTHER_OPERATOR: mark("The number was first given to another operator. If it was not ported, you are about to pay the wrong one."),
    Doubt.MISTYPED: mark("It does not fit any numbering plan we know. Look for a typing mistake."),
    Doubt.UNCLEAR: mark("It can be read in more than one way. Add the country code."),
}
EVENT: Mapping[str, str] = {
    EventKind.STARTED: mark("Started"),
    EventKind.CHANNEL: mark("Channel changed"),
    EventKind.TICKED: mark("Step done"),
    EventKind.UNTICKED: mark("Step cleared"),
    EventKind.NOTED: mark("Note"),
    EventKind.LINK_CHECKED: mark("Payment page checked"),
    EventKind.NUMBER_CHECKED: mark("Number checked"),
    EventKind.STATUS: mark("Status"),
    EventKind.PAID: mark("Payment entered"),
    EventKind.BEFORE: mark("Figures before"),
    EventKind.PROMISED: mark("Promise entered"),
    EventKind.AFTER: mark("Figures after"),
    EventKind.ABANDONED: mark("Given up"),
    EventKind.RESUMED: mark("Taken up again"),
    EventKind.UNDONE: mark("Undone"),
    EventKind.PRODUCT: mark("Product chosen"),
    EventKind.PHOTO: mark("Photo added"),
    EventKind.PHOTO_REMOVED: mark("Photo taken away"),
    EventKind.RECEIPT: mark("Receipt kept"),
}
