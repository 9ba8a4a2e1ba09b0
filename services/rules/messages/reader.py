"""Read one text: what it says, where it says it, and what it leaves open.

Nothing is guessed. A figure two patterns disagree on is dropped; a date or a currency with two meanings becomes a question; a text that
is phishing, a code, an advert or about another account yields no figure at all.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.reading import (
    CountBalance,
    DataBalance,
    Event,
    EventKind,
    LineStatus,
    MoneyBalance,
    MoneyKind,
    Reading,
    Source,
    Validity,
    ValidityKind,
)
from services.model.tri import Tri
from services.rules.messages import dates, quantities, suspicion
from services.rules.messages.patterns import Library, Operator, Pattern, library
from services.rules.messages.text import clauses, is_chinese, is_traditional, normalise, sentence_start

LONGEST = 4000


class Category(StrEnum):
    """BALANCE: figures were read. NOTICE: something happened, without figures. The rest yield nothing."""

    BALANCE = "balance"
    NOTICE = "notice"
    ADVERT = "advert"
    CODE = "code"
    PHISHING = "phishing"
    OTHER_ACCOUNT = "other_account"
    NOT_UNDERSTOOD = "not_understood"


Value = Money | DataVolume | int | date | str


@dataclass(frozen=True, slots=True)
class Understood:
    """One figure and its place in the text. ``field``: "money.main", "data.left", "date.plan" and so on. ``name``: of the package.

    ``assumed``: part of it was not written (the year of a date); the page says so.
    """

    field: str
    start: int
    end: int
    value: Value
    name: str = ""
    assumed: bool = False


class Ask(StrEnum):
    WHICH_DATE = "which_date"
    WHICH_CURRENCY = "which_currency"


@dataclass(frozen=True, slots=True)
class Question:
    """Something only a person can decide. ``choices``: the dates, or the money in each currency it may be; empty when any is possible."""

    ask: Ask
    field: str
    start: int
    end: int
    choices: tuple[date, ...] | tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """The text as read. Spans are positions in the original text; ``notes`` are the stretches nothing was understood in.

    ``operator``: id, None when not known. ``contradictions``: fields dropped because the text gives them two values.
    """

    text: str
    category: Category
    operator: str | None
    understood: tuple[Understood, ...] = ()
    questions: tuple[Question, ...] = ()
    suspicions: tuple[suspicion.Suspicion, ...] = ()
    contradictions: tuple[str, ...] = ()
    notes: tuple[tuple[int, int], ...] = ()
    money: tuple[MoneyBalance, ...] = ()
    data: tuple[DataBalance, ...] = ()
    voice: tuple[CountBalance, ...] = ()
    sms: tuple[CountBalance, ...] = ()
    validity: tuple[Validity, ...] = ()
    events: tuple[Event, ...] = ()
    status: LineStatus | None = None
    as_of: datetime | None = None

    def reading(self, card_id: str, taken_at: datetime, origin: str = "") -> Reading:
        """The reading to store once a person has confirmed it. What was not understood is its note."""
        return Reading(
            card_id=card_id,
            source=Source.PASTED,
            taken_at=taken_at,
            as_of=self.as_of,
            origin=origin or self.operator or "",
            money=self.money,
            data=self.data,
            voice=self.voice,
            sms=self.sms,
            validity=self.validity,
            status=self.status,
            events=self.events,
            raw_text=self.text,
            note="\n".join(self.text[start:end].strip() for start, end in self.notes),
        )


def answer(message: Message, question: Question, choice: date | Money) -> Message:
    """``message`` with a question decided by a person; ``choice`` need not be among the choices offered."""
    kind = question.field.split(".")[1]
    understood = (*message.understood, Understood(question.field, question.start, question.end, choice))
    message = replace(
        message,
        understood=tuple(sorted(understood, key=lambda item: item.start)),
        questions=tuple(open_one for open_one in message.questions if open_one != question),
    )
    if isinstance(choice, date):
        return replace(message, validity=(*message.validity, Validity(_DATE_KINDS[kind], choice)))
    if kind == "topped_up":
        return replace(
            message,
            events=tuple(replace(event, money=choice) if event.kind is EventKind.TOPPED_UP else event for event in message.events),
        )
    purse = MoneyBalance(
        Money(-abs(choice.minor), choice.currency) if kind == "owed" else choice, MoneyKind.BONUS if kind == "bonus" else MoneyKind.MAIN
    )
    return replace(message, money=(*message.money, purse))


def without(message: Message, item: Understood) -> Message:
    """``message`` less one figure a person says is wrong; its stretch of text becomes a note."""
    kind, part = item.field.split(".")
    message = replace(
        message,
        understood=tuple(other for other in message.understood if other != item),
        notes=tuple(sorted((*message.notes, (item.start, item.end)))),
    )
    if kind == "money" and part == "topped_up":
        return replace(
            message, events=tuple(replace(event, money=None) if event.money == item.value else event for event in message.events)
        )
    if kind == "money":
        return replace(message, money=tuple(purse for purse in message.money if purse.kind.value != part))
    if kind == "date" and part == "as_of":
        return replace(message, as_of=None)
    if kind == "date":
        return replace(message, validity=tuple(end for end in message.validity if end.kind.value != part))
    if kind == "event":
        return replace(
            message, events=tuple(replace(event, in_days=None) if event.in_days == item.value else event for event in message.events)
        )
    nothing: dict[str, Any] = {{"left": "remaining", "total": "total", "used": "used"}[part]: None}
    if kind == "data":
        data = tuple(replace(package, **nothing) if package.name == item.name else package for package in message.data)
        return replace(
            message, data=tuple(package for package in data if package != DataBalance(package.name, restricted=package.restricted))
        )
    counts = tuple(replace(count, **nothing) for count in (message.voice if kind == "voice" else message.sms))
    kept = tuple(count for count in counts if count != CountBalance(count.name))
    return replace(message, voice=kept) if kind == "voice" else replace(message, sms=kept)


def read(text: str, *, received: date, sender: str = "", operator: str | None = None) -> Message:
    """Read ``text``; only its first LONGEST characters count.

    ``received``: when it came, for dates without a year. ``sender``: number or name it came from, if known.
    ``operator``: of the card it is pasted for; it lends its currency and order of dates when the text does not name another.
    """
    original = text[:LONGEST]
    plain = normalise(original)
    files = library()
    claimed, certain = _claimed(plain, sender, files)
    found = suspicion.phishing(plain, sender, claimed, files)
    own = claimed or files.operators.get(operator or "")
    identity = own.id if own else None
    if found:
        return Message(original, Category.PHISHING, identity, suspicions=found, notes=((0, len(original)),))
    if suspicion.is_code(plain):
        return Message(original, Category.CODE, identity, notes=((0, len(original)),))
    if not certain and suspicion.is_other_account(plain):
        return Message(original, Category.OTHER_ACCOUNT, identity, notes=((0, len(original)),))
    return _Reader(original, plain, own, received, files).read()


_PROMOTION = re.compile(
    r"(?:优惠|限时|限量|立减|立享|免费领|领取|抽奖|大礼|福利|特惠|秒杀|办理|送|回复.{0,6}(?:开通|办理|订购|退订)|退订|"
    r"offer|deal|% off|win |prize|get \d|only £|only \$|from £|from \$|limited time|"
    r"upgrade|reply (?:yes|stop)|t&cs|opt out|treat yourself|sale)",
    re.IGNORECASE,
)


def _claimed(plain: str, sender: str, files: Library) -> tuple[Operator | None, bool]:
    """Whom the text claims to be from, and whether it says so as a sender does (short code, 【sign】, first or last word)."""
    known = files.by_sender.get(sender.strip().lower().removeprefix("+86"))
    if known is not None:
        return files.operators[known], True
    lower = plain.lower()
    first: Operator | None = None
    for match in files.names.finditer(lower):
        operator = files.operators[files.by_name[match.group()]]
        before, after = lower[: match.start()], lower[match.end() :]
        signed = before.endswith(("【", "[")) or not before.strip() or not after.strip(" 】]。.!\n")
        if signed:
            return operator, True
        first = first or operator
    if first is not None:
        return first, False
    owner = suspicion.linked_operator(plain, files)
    return (files.operators[owner], True) if owner is not None else (None, False)


_VETO_KIND = {"money": "money", "amount": "money", "data": "data", "voice": "voice", "sms": "sms", "date": "date"}
_RESTRICTED = re.compile(
    r"定向|专属|专用|抖音|视频|音乐|微信|腾讯|头条|社交|闲时|夜间|省内|本地|校园|whatsapp|youtube|social|night|tiktok|weekend",
    re.IGNORECASE,
)
_NOISE = re.compile(
    r"(?:^|(?<=\s))(?:尊敬的[^，,]*|截至.*|您的?|你的?|阁下的?|的|本月|当月|目前|现在|其中|套餐内|套餐|剩余|还有|可用|已订购|手机|移动|全部|总|共享|上网|号码\S*|账户|\s|"
    r"数据|流量|your|the|you|have|has|total|mobile|main|all|balance|remaining|data|internet)+",
    re.IGNORECASE,
)
_SUBJECTS = (
    (
        ValidityKind.PLAN,
        r"e?sim plan|套餐|流量包|加油包|流量|数据|月费|plan|bundle|pack(?:age)?\b|\bdata\b|goodybag|allowance|\bpass\b|add-?on|boost|"
        r"minutes|\d ?[gm]b\b",
    ),
    (ValidityKind.UNSPECIFIED, r"赠送|赠款|bonus|reward|voucher|\bactive\b|服务"),
    (ValidityKind.CREDIT, r"(?:account|账户|户口)\s?(?:balance|余额|结余)|余额|话费|储值额|结余|credit|balance|airtime|money|\ba/c\b"),
    (ValidityKind.NUMBER, r"号码|储值卡|电话卡|卡|账户|户口|\bsim\b|\besim\b|\bcard\b|number|\baccount\b|\bline\b"),
)  # fmt: skip
_SUBJECT = re.compile("|".join(f"(?P<{kind.value}>{words})" for kind, words in _SUBJECTS), re.IGNORECASE)
_LATIN_WORD = re.compile(r"[A-Za-z]{3}")
_STATUS = {EventKind.SUSPENDED: LineStatus.SUSPENDED, EventKind.RESTORED: LineStatus.ACTIVE, EventKind.CLOSED: LineStatus.CLOSED}
_DATE_KINDS = {kind.value: kind for kind in ValidityKind}


@dataclass(slots=True)
class _Reader:
    original: str
    plain: str
    operator: Operator | None
    received: date
    files: Library
    taken: list[tuple[int, int]] = field(default_factory=list)
    matched: list[tuple[int, int]] = field(default_factory=list)
    understood: list[Understood] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    packages: list[DataBalance] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    unlimited: set[str] = field(default_factory=set)
    as_of: datetime | None = None
    parts: list[tuple[int, int]] = field(default_factory=list)

    def read(self) -> Message:
        self.parts = clauses(self.plain)
        own = self.operator.patterns if self.operator else ()
        skipped = {"" if is_chinese(self.plain) else "han", "" if _LATIN_WORD.search(self.plain) else "latin"} - {""}
        for pattern in (*own, *self.files.general):
            if pattern.script in skipped:
                continue
            for match in pattern.regex.finditer(self.plain):
                self._use(pattern, match)
        return self._message()

    def _use(self, pattern: Pattern, match: re.Match[str]) -> None:
        start, end = match.span()
        left, right = self._clause(start, end)
        around = (self.plain[left:start], self.plain[end:right])
        if pattern.veto is not None and any(pattern.veto.search(part) for part in around):
            return
        fields = [(kind, name, match.span(group)) for group, kind, name in pattern.fields if match.group(group) is not None]
        amounts = [item for item in fields if item[0] != "name"]
        if any(self._is_taken(span) for _, _, span in amounts):
            return
        if self._is_torn(amounts):
            return
        package = next((self._name(match, span) for kind, _, span in fields if kind == "name"), "")
        if pattern.event is None:
            named = next((self.plain[slice(*span)] for kind, _, span in fields if kind == "name"), "")
            for kind, _, _ in amounts:
                veto = self.files.veto.get(_VETO_KIND.get(kind, ""))
                if veto is not None and any(veto.search(part) for part in (*around, named)):
                    return
        volumes: dict[str, DataVolume] = {}
        event_money: Money | None = None
        days: int | None = None
        for kind, name, span in amounts:
            raw = self.plain[slice(*span)]
            if kind in ("money", "amount"):
                money = self._money(raw, name, span)
                if name == "topped_up":
                    event_money = money
            elif kind == "data":
                volumes[name] = quantities.data(raw, self.operator.data_base if self.operator else 1000)
                self._note(f"data.{name}", span, volumes[name], package)
            elif kind == "voice":
                self._note(f"voice.{name}", span, quantities.seconds(raw))
            elif kind == "sms":
                self._note(f"sms.{name}", span, quantities.pieces(raw))
            elif kind == "count":
                number = quantities.pieces(raw)
                if name == "days":
                    days = number
                    self._note("event.days", span, number)
                else:
                    self._note(name.replace("_", "."), span, number * 60 if name == "voice_left" else number)
            else:
                self._date(raw, name, span, match.start())
        if volumes:
            self.packages.append(
                DataBalance(
                    package,
                    volumes.get("left"),
                    volumes.get("total"),
                    volumes.get("used"),
                    restricted=pattern.restricted or _RESTRICTED.search(package) is not None,
                )
            )
        if pattern.unlimited:
            self.unlimited.add(pattern.unlimited)
        if pattern.event is not None:
            self._event(pattern.event, event_money, days)
        self.matched.append((start, end))

    def _clause(self, start: int, end: int) -> tuple[int, int]:
        left = max((begin for begin, stop in self.parts if begin <= start), default=0)
        right = min((stop for begin, stop in self.parts if stop >= end), default=len(self.plain))
        return left, right

    def _is_taken(self, span: tuple[int, int]) -> bool:
        return any(span[0] < stop and start < span[1] for start, stop in self.taken)

    def _is_torn(self, amounts: list[tuple[str, str, tuple[int, int]]]) -> bool:
        """Whether an amount goes on beyond what the pattern took of it."""
        own = [span for kind, _, span in amounts if kind in ("money", "amount", "data")]
        for span in own:
            before = self.plain[max(0, span[0] - 14) : span[0]]
            after = self.plain[span[1] : span[1] + 40]
            inside = any(0 <= span[0] - other[1] <= 14 or 0 <= other[0] - span[1] <= 14 for other in own if other != span)
            if not inside and quantities.is_part_of_more(before, after):
                return True
        return False

    def _note(self, name: str, span: tuple[int, int], value: Value, package: str = "", *, assumed: bool = False) -> None:
        self.taken.append(span)
        self.understood.append(Understood(name, *span, value, package, assumed))

    def _name(self, match: re.Match[str], span: tuple[int, int]) -> str:
        """The package's own name, in the text's own script, without the words around it."""
        name = _NOISE.sub("", self.plain[slice(*span)]).strip(" 、()[]【】\"'*-·")
        if not name or name.lower() in self.files.by_name:
            return ""
        position = self.plain.find(name, span[0])
        return self.original[position : position + len(name)] if position >= 0 else name

    def _money(self, raw: str, name: str, span: tuple[int, int]) -> Money | None:
        currency = self.operator.currency if self.operator else None
        if currency is None and is_chinese(self.original) and not is_traditional(self.original) and "$" not in raw:
            currency = "CNY"
        amount = quantities.money(raw, currency)
        if isinstance(amount, quantities.OpenAmount):
            self.taken.append(span)
            choices = tuple(Money.of(amount.amount, code) for code in amount.currencies)
            self.questions.append(Question(Ask.WHICH_CURRENCY, f"money.{name}", *span, choices))
            return None
        if amount is None:
            self.taken.append(span)
            return None
        if name == "owed":
            amount = Money(-abs(amount.minor), amount.currency)
        self._note(f"money.{'main' if name == 'owed' else name}", span, amount)
        return amount

    def _date(self, raw: str, name: str, span: tuple[int, int], cue: int) -> None:
        side = dates.Side.BEHIND if name == "as_of" else dates.Side.AHEAD
        seen = dates.interpret(raw, self.operator.dates if self.operator else None, self.received, side)
        kind = name
        if name == "any":
            subject = self._subject(cue, span[0])
            if subject is None and not self._has_figures():
                return  # "ends 31 December" after nothing that could end: a competition, an offer
            kind = (subject or ValidityKind.UNSPECIFIED).value
        self.taken.append(span)
        if len(seen.days) == 1:
            self.understood.append(Understood(f"date.{kind}", *span, seen.days[0], "", seen.year_assumed))
            if kind == "as_of":
                self._set_as_of(seen)
        elif len(seen.days) > 1 and kind != "as_of":
            self.questions.append(Question(Ask.WHICH_DATE, f"date.{kind}", *span, seen.days))

    def _set_as_of(self, seen: dates.DateReading) -> None:
        if self.operator is None or self.operator.zone is None:
            return
        hour = seen.hour or 0
        day = seen.days[0] + timedelta(days=1 if hour == 24 else 0)
        self.as_of = datetime.combine(day, time(hour % 24), ZoneInfo(self.operator.zone))

    def _subject(self, cue: int, before: int) -> ValidityKind | None:
        """What a date ends: the last thing named before it in its own clause; else the one kind of thing its sentence, or the
        sentence before, speaks of. Several kinds there: it is not said which. None: nothing that could end is named at all."""
        left, _ = self._clause(cue, before)
        named = [match.lastgroup for match in _SUBJECT.finditer(self.plain, left, before) if match.lastgroup is not None]
        if named:
            return _DATE_KINDS[named[-1]]
        start = sentence_start(self.plain, cue)
        for begin in (start, sentence_start(self.plain, max(0, start - 1))):
            kinds = {match.lastgroup for match in _SUBJECT.finditer(self.plain, max(begin, before - 120), before)}
            if kinds:
                (kind, *others) = kinds
                return _DATE_KINDS[kind] if not others and kind is not None else ValidityKind.UNSPECIFIED
        return None

    def _has_figures(self) -> bool:
        return any(item.field.split(".")[0] in ("money", "data", "voice", "sms") for item in self.understood) or bool(self.questions)

    def _event(self, kind: EventKind, money: Money | None, days: int | None) -> None:
        same = next((event for event in self.events if event.kind is kind), None)
        if same is None:
            self.events.append(Event(kind, money, None, days))
        elif (same.money is None and money is not None) or (same.in_days is None and days is not None):
            self.events[self.events.index(same)] = replace(
                same, money=same.money or money, in_days=same.in_days if same.in_days is not None else days
            )

    def _message(self) -> Message:
        contradictions: list[str] = []
        money = []
        for purse in MoneyKind:
            amount = self._single(f"money.{purse.value}", contradictions)
            if isinstance(amount, Money):
                money.append(MoneyBalance(amount, purse))
        data = self._data(contradictions)
        voice = self._counts("voice", contradictions)
        sms = self._counts("sms", contradictions)
        validity = []
        for kind in ValidityKind:
            day = self._single(f"date.{kind.value}", contradictions)
            if isinstance(day, date):
                validity.append(Validity(kind, day))
        dropped = set(contradictions)
        understood = tuple(sorted((item for item in self.understood if _key(item) not in dropped), key=lambda item: item.start))
        status = next((_STATUS[event.kind] for event in self.events if event.kind in _STATUS), None)
        figures = bool(money or data or voice or sms or validity or self.questions)
        if figures:
            category = Category.BALANCE
        elif self.events:
            category = Category.NOTICE
        else:
            category = Category.ADVERT if _PROMOTION.search(self.plain) else Category.NOT_UNDERSTOOD
        return Message(
            text=self.original,
            category=category,
            operator=self.operator.id if self.operator else None,
            understood=understood,
            questions=tuple(self.questions),
            contradictions=tuple(dict.fromkeys(contradictions)),
            notes=self._leftovers(),
            money=tuple(money),
            data=data,
            voice=voice,
            sms=sms,
            validity=tuple(validity),
            events=tuple(self.events),
            status=status,
            as_of=self.as_of,
        )

    def _single(self, name: str, contradictions: list[str]) -> Value | None:
        values = {item.value for item in self.understood if item.field == name}
        if len(values) > 1:
            contradictions.append(name)
            return None
        return values.pop() if values else None

    def _data(self, contradictions: list[str]) -> tuple[DataBalance, ...]:
        merged: dict[str, DataBalance] = {}
        for package in self.packages:
            known = merged.get(package.name)
            merged[package.name] = package if known is None else _merge(known, package, contradictions)
        if "data" in self.unlimited:
            line = merged.get("", DataBalance())
            if line.remaining is None:
                merged[""] = replace(line, unlimited=Tri.YES)
        return tuple(package for package in merged.values() if package != DataBalance(package.name, restricted=package.restricted))

    def _counts(self, kind: str, contradictions: list[str]) -> tuple[CountBalance, ...]:
        left, total, used = (self._single(f"{kind}.{name}", contradictions) for name in ("left", "total", "used"))
        unlimited = Tri.YES if kind in self.unlimited and left is None else Tri.UNKNOWN
        balance = CountBalance(
            "",
            left if isinstance(left, int) else None,
            total if isinstance(total, int) else None,
            used if isinstance(used, int) else None,
            unlimited,
        )
        return () if balance == CountBalance() else (balance,)

    def _leftovers(self) -> tuple[tuple[int, int], ...]:
        return tuple(
            (start, end)
            for start, end in self.parts
            if self.plain[start:end].strip() and not any(begin < end and start < stop for begin, stop in (*self.matched, *self.taken))
        )


def _key(item: Understood) -> str:
    return f"{item.field} {item.name}" if item.field.startswith("data.") else item.field


def _merge(one: DataBalance, other: DataBalance, contradictions: list[str]) -> DataBalance:
    """Two statements about one package; where they differ, neither is kept."""
    kept: dict[str, DataVolume | None] = {}
    for name, label in (("remaining", "left"), ("total", "total"), ("used", "used")):
        first: DataVolume | None = getattr(one, name)
        second: DataVolume | None = getattr(other, name)
        key = f"data.{label} {one.name}"
        if key in contradictions or (first is not None and second is not None and first != second):
            contradictions.append(key)
            kept[name] = None
        else:
            kept[name] = second if first is None else first
    return replace(one, remaining=kept["remaining"], total=kept["total"], used=kept["used"])
