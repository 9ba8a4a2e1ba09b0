"""Texts that must yield no figure: phishing, with the reason named; codes; and texts about some other account."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from services.rules.identifiers import msisdn
from services.rules.messages.patterns import Library, Operator

if TYPE_CHECKING:
    from tldextract import TLDExtract


class Sign(StrEnum):
    """Why a text is taken for phishing."""

    LOOK_ALIKE_SENDER = "look_alike_sender"
    PERSONAL_SENDER = "personal_sender"
    FOREIGN_DOMAIN = "foreign_domain"
    LOOK_ALIKE_DOMAIN = "look_alike_domain"
    SHORTENED_LINK = "shortened_link"
    BARE_ADDRESS = "bare_address"
    FOREIGN_LETTERS = "foreign_letters"
    LINK_WITH_PRESSURE = "link_with_pressure"
    ASKS_FOR_SECRET = "asks_for_secret"  # noqa: S105  # the name of a trick
    PAY_ELSEWHERE = "pay_elsewhere"
    DISCOUNTED_CREDIT = "discounted_credit"
    APP_FILE = "app_file"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """``start`` and ``end``: where in the text; both 0 when it is the sender. ``found``: the domain or sender meant."""

    sign: Sign
    found: str = ""
    start: int = 0
    end: int = 0


_TLDS = (
    "com|net|org|cn|hk|uk|me|top|xyz|info|cc|vip|shop|site|online|club|icu|link|co|io|app|sg|mo|nz|th|id|tk|ml|cf|gq|ga|buzz|work|life|"
    "live|ru|biz|ly|gl|pw|ws|us|eu|de|fr|be|lu|win|store|mobi|asia|tech|fun|cyou|rest|sbs|bond|gd|gg|im|to|is|tv|ltd|group"
)
_LINK = re.compile(
    r"(?:(?P<scheme>https?|hxxps?)://|(?P<www>www\.))(?P<host>[^\s/?#，。；、)）】」<>\"']+)(?P<path>/[^\s，。；、)）】」<>\"']*)?"
    rf"|(?<![\w.@-])(?P<bare>(?:[^\W_](?:[\w-]{{0,40}}[^\W_])?\.)+(?:{_TLDS}))(?![\w.-]*@|[A-Za-z])(?P<rest>/[^\s，。；、)）】」<>\"']*)?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\Z")
_SHORTENERS = frozenset(
    {
        "bit.ly", "t.cn", "tinyurl.com", "is.gd", "goo.gl", "dwz.cn", "suo.im", "url.cn", "ow.ly", "cutt.ly", "rb.gy", "t.co", "v.gd",
        "shorturl.at", "s.id", "tiny.cc", "rebrand.ly", "u.nu", "mrw.so", "dwz.mk",
    }
)  # fmt: skip
_NEUTRAL = frozenset({"apple.com", "google.com", "gov.cn", "gov.hk", "gov.uk", "gov.mo", "12321.cn"})
_PRESSURE = re.compile(
    r"(?:停机|暂停|终止|失效|过期|到期|冻结|注销|异常|补缴|欠费|余额不足|逾期|积分|清零|兑换|退款|返还|补贴|中奖|领取|验证身份|实名|核实|立即|尽快|点击|"
    r"suspend|terminat|deactivat|expire|overdue|unpaid|failed|declin|verify|confirm your|update your|refund|reward|prize|winner|claim|"
    r"urgent|immediately|within \d+ ?h|final notice|restore|re-?activate|log ?in|points)",
    re.IGNORECASE,
)
_SECRETS = (
    r"(?:验证码|密码|卡号|身份证(?:号|正反面|照片)?|银行卡(?:号|信息)?|cvv2?|有效期及|password|pin(?: code| number)?|"
    r"card (?:number|details)|"
    r"passcode|one[- ]time (?:code|password)|otp|security code|bank details|id (?:card|number)|seed phrase)"
)
_ASKS = re.compile(
    r"(?:回复|提供|告知|输入|填写|发送|提交|报上|reply with|send (?:us )?|provide|enter|confirm|"
    r"give us|tell us|submit|text back)[^。.!?，\n]{0,25}" + _SECRETS,
    re.IGNORECASE,
)
_WARNS = re.compile(r"(?:切勿|请勿|勿|不要|不会|谨防|任何人|never|do not|don't|won't|will not|nobody)", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"(?:(?:添加|加)(?:客服)?(?:微信|qq|v信|薇|vx)|联系(?:客服)?(?:微信|qq)|转账(?:到|至)|汇款(?:到|至)|个人账户|"
    r"gift cards?|western union|transfer (?:the )?(?:money|fee|payment) to|whatsapp (?:us|me) (?:on|at)|telegram|usdt|bitcoin)",
    re.IGNORECASE,
)
_CHEAP_CREDIT = re.compile(r"(?:慢充|[1-8](?:\.\d)?折(?:充值|话费|充话费|优惠充)|(?:话费|充值)[^。，\n]{0,6}[1-8](?:\.\d)?折)")
_APP_FILE = re.compile(r"\.(?:apk|exe|ipa|mobileconfig)\b", re.IGNORECASE)

_CODE = re.compile(
    r"(?:验证码|校验码|动态密码|动态码|随机密码|随机码|短信密码|登录密码为|服务密码[是为:]|取件码|授权码|携转码|"
    r"verification code|one[- ]time (?:code|"
    r"password|pin)|passcode|security code|login code|"
    r"access code|\botp\b|\bpac(?: code)?\b|confirmation code|auth(?:entication|orisation) code|"
    r"your code is|is your [\w ]{0,20}code|code: ?\d{4,8}\b|porting code|stac)",
    re.IGNORECASE,
)
_OTHER_ACCOUNT = re.compile(
    r"(?:银行|信用卡|借记卡|储蓄卡|银联|卡尾号|尾号|账号尾|账户\d{4}|电费|水费|燃气|煤气|天然气|物业|八达通|公交卡|交通卡|地铁|社保|公积金|医保|支付宝|微信支付|"
    r"花呗|余额宝|理财|基金|股票|证券|快递|航班|机票|会员卡|美容|健身|礼品卡|购物卡|加油卡|停车|油卡|饭卡|校园卡|学费|保险|贷款|直播|游戏|点券|云盘|宽带电视|"
    r"\bbank|debit card|credit card|card ending|account ending|a/c|\bacct\b|octopus|oyster|electric|\bgas\b|gift card|"
    r"gift balance|paypal|"
    r"\bloan|mortgage|\bsteam\b|savings|\bcafe|coffee|\bgym\b|parking|\btoll|"
    r"wallet id|crypto|btc|library|cloud storage|icloud|storage plan|"
    r"\bi have\b|\bmy phone\b|我手机|我还|dropbox|"
    r"google one|vpn|proxy|hosting|server|broadband|gym|store credit|holiday balance|annual leave)",
    re.IGNORECASE,
)
_TELECOM = re.compile(
    r"(?:流量|话费|手机|sim\b|上网|通话|语音|短信|充值|增值|储值|预付|套餐|号码|漫游|数据|\bdata\b|\bsms\b|airtime|"
    r"top[- ]?up|topped|recharg|reload|pre-?paid|pre-?pay|mobile|\besim|roaming|\d ?[gm]b\b|pay as you go|payg|goodybag)",
    re.IGNORECASE,
)
_LOOKS = str.maketrans(
    {"l": "1", "i": "1", "|": "1", "!": "1", "o": "0", "q": "0", "z": "2", "s": "5", "b": "8", "о": "0", "О": "0", "і": "1", "ӏ": "1"}
)
_LETTER_TWINS = str.maketrans(
    {
        "0": "o",
        "1": "l",
        "3": "e",
        "5": "s",
        "i": "l",
        "а": "a",
        "е": "e",
        "о": "o",
        "р": "p",
        "с": "c",
        "х": "x",
        "у": "y",
        "і": "l",
        "-": "",
    }
)
_MIXED_TOKEN = re.compile(
    r"(?<![A-Za-z0-9./:@-])(?=[0-9A-Za-zОоіӏ|]*\d)(?=[0-9A-Za-zОоіӏ|]*[A-Za-zОоіӏ|])[0-9A-Za-zОоіӏ|]{5,8}(?![A-Za-z0-9])"
)


def phishing(text: str, sender: str, operator: Operator | None, library: Library) -> tuple[Suspicion, ...]:
    """Signs of phishing in a normalised text; any one is enough.

    ``operator``: whom the text claims to be from, None when it claims nobody.
    """
    found = list(_sender_signs(text, sender, operator, library))
    pressure = _PRESSURE.search(text) is not None
    for match in _LINK.finditer(text):
        found += _link_signs(match, operator, library, pressure)
    for match in _ASKS.finditer(text):
        if not _WARNS.search(text, max(0, match.start() - 12), match.end()):
            found.append(Suspicion(Sign.ASKS_FOR_SECRET, match.group(), match.start(), match.end()))
    for sign, pattern in ((Sign.PAY_ELSEWHERE, _ELSEWHERE), (Sign.DISCOUNTED_CREDIT, _CHEAP_CREDIT), (Sign.APP_FILE, _APP_FILE)):
        if (hit := pattern.search(text)) is not None:
            found.append(Suspicion(sign, hit.group(), hit.start(), hit.end()))
    return tuple(found)


def is_code(text: str) -> bool:
    """Whether the text carries a code to be typed somewhere: nothing in it is a balance."""
    return _CODE.search(text) is not None


def is_other_account(text: str) -> bool:
    """Whether a text without a known operator speaks of a bank, a meter, a travel card, or of no telephone at all."""
    return _OTHER_ACCOUNT.search(text) is not None or _TELECOM.search(text) is None


def linked_operator(text: str, library: Library) -> str | None:
    """The operator a link in the text belongs to, None when there is none."""
    for match in _LINK.finditer(text):
        owner = library.by_domain.get(_registrable(match.group("host") or match.group("bare")))
        if owner is not None:
            return owner
    return None


def _sender_signs(text: str, sender: str, operator: Operator | None, library: Library) -> list[Suspicion]:
    signs = []
    name = sender.strip().lower()
    if name and name not in library.by_sender and not name.isdecimal():
        bare = name.removeprefix("+86")
        if 4 <= len(bare) <= 8 and not bare.isdecimal() and bare.translate(_LOOKS) in library.by_sender:
            signs.append(Suspicion(Sign.LOOK_ALIKE_SENDER, sender.strip()))
    for match in _MIXED_TOKEN.finditer(text):
        if match.group().lower().translate(_LOOKS) in library.by_sender and not match.group().isdecimal():
            signs.append(Suspicion(Sign.LOOK_ALIKE_SENDER, match.group(), match.start(), match.end()))
    if operator is not None and operator.country == "CN" and name.lstrip("+").isdecimal() and len(name.lstrip("+")) >= 10:
        hint = msisdn.hint(name, "CN")
        if hint is not None and hint.mobile is not False:
            signs.append(Suspicion(Sign.PERSONAL_SENDER, sender.strip()))
    if "@" in name and operator is not None and operator.domains:
        domain = _registrable(name.rsplit("@", 1)[1].rstrip(">"))
        if domain not in operator.domains:
            signs.append(Suspicion(Sign.FOREIGN_DOMAIN, domain))
    return signs


def _link_signs(match: re.Match[str], operator: Operator | None, library: Library, pressure: bool) -> list[Suspicion]:
    host = (match.group("host") or match.group("bare")).rstrip(".")
    start, end = match.span()
    if "@" in host:
        return [Suspicion(Sign.FOREIGN_DOMAIN, host.rsplit("@", 1)[1], start, end)]
    if _ADDRESS.match(host):
        return [Suspicion(Sign.BARE_ADDRESS, host, start, end)]
    host = host.split(":")[0]
    if not host.isascii() or "xn--" in host.lower():
        return [Suspicion(Sign.FOREIGN_LETTERS, host, start, end)]
    domain = _registrable(host)
    owner = library.by_domain.get(domain)
    if domain in _NEUTRAL or (owner is not None and (operator is None or owner == operator.id or domain in operator.domains)):
        return []
    if domain in _SHORTENERS:
        return [Suspicion(Sign.SHORTENED_LINK, domain, start, end)] if operator is not None or pressure else []
    if owner is None and (twin := _twin(host, domain, library)) is not None and (operator is None or twin == operator.id or pressure):
        return [Suspicion(Sign.LOOK_ALIKE_DOMAIN, domain, start, end)]
    if operator is not None and operator.domains:
        return [Suspicion(Sign.FOREIGN_DOMAIN, domain, start, end)]
    return [Suspicion(Sign.LINK_WITH_PRESSURE, domain, start, end)] if pressure else []


def _twin(host: str, domain: str, library: Library) -> str | None:
    """The operator whose domain this one wears: as a subdomain (10086.cn.example.top), or with letters swapped (g1ffgaff.com)."""
    for own, owner in library.by_domain.items():
        if own in host.lower():
            return owner
    label = domain.split(".")[0].lower()
    folded = label.translate(_LETTER_TWINS)
    for own, owner in library.by_domain.items():
        name = own.split(".")[0]
        if len(name) >= 5 and (name.translate(_LETTER_TWINS) in folded):
            return owner
    return None


def _registrable(host: str) -> str:
    host = host.lower().strip(".")
    return _extractor()(host).top_domain_under_public_suffix or host


@cache
def _extractor() -> "TLDExtract":
    # Imported here: it costs a third of a second, and most texts carry no link. Its bundled list of suffixes is used; nothing is fetched.
    from tldextract import TLDExtract

    return TLDExtract(suffix_list_urls=(), cache_dir=None)
