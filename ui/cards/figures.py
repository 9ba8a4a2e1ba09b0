"""What is left on a card, each figure with who said it and how long ago."""

from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.reading import LineStatus, Measure, MoneyBalance, MoneyKind, Validity
from services.rules.balances.packages import Package, packages
from services.rules.balances.state import Aspect, CardState, FieldState, Known
from services.use.readings import CardView
from ui import clock, figures
from ui.cards import words
from ui.language import _
from ui.text import plain
from ui.words import word


def money(value: Money) -> str:
    return figures.money(int(value.amount * figures.MICRO), value.currency)


def said_by(known: Known) -> str:
    """Who said it and how old it is: "looked up at Keepgo, 3 hours ago"."""
    source = word(words.SOURCE, known.source.value)
    if known.origin and known.source.value == "api":
        source = _("looked up at {provider}").format(provider=words.provider(known.origin))
    return figures.listing([source, figures.ago(known.true_at, clock.now())])


def lines(view: CardView) -> list[str]:
    """Every figure of the card with its source and age, in Markdown; empty when nothing is known."""
    state = view.state
    if state is None:
        return []
    found = [_money_line(item) for item in state.figures(Measure.MONEY)]
    found += [_package_line(package) for package in packages(state)]
    found += _count_lines(state, Measure.VOICE, _("Calls")) + _count_lines(state, Measure.SMS, _("Texts"))
    found += [
        _line(words.validity(item.newest.figure), item)
        for item in state.figures(Measure.VALIDITY)
        if isinstance(item.newest.figure, Validity)
    ]
    found += [
        _line(word(words.STATUS, item.newest.figure.value), item)
        for item in state.figures(Measure.STATUS)
        if isinstance(item.newest.figure, LineStatus)
    ]
    return found


def _line(text: str, item: FieldState) -> str:
    parts = [f"{text} :small[:gray[{said_by(item.newest)}]]"]
    parts += [f":small[:orange[≠ {_figure(other)}: {said_by(other)}]]" for other in item.disagreeing]
    return "  \n".join(parts)


def _figure(known: Known) -> str:
    figure = known.figure
    if isinstance(figure, MoneyBalance):
        return money(figure.money)
    if isinstance(figure, DataVolume):
        return figures.volume(figure.bytes)
    if isinstance(figure, Validity):
        return figures.day(figure.last_day)
    return word(words.STATUS, figure.value) if isinstance(figure, LineStatus) else plain(str(figure))


def _money_line(item: FieldState) -> str:
    purse = item.newest.figure
    if not isinstance(purse, MoneyBalance):
        return ""
    label = plain(purse.name) if purse.name else _("Balance") if purse.kind is MoneyKind.MAIN else _("Bonus")
    return _line(words.labelled(label, f"**{plain(money(purse.money))}**"), item)


def data_words(package: Package) -> str:
    if package.unlimited:
        return _("Unlimited")
    if package.left is None:
        return _("not known") if package.total is None else _("not known, of {total}").format(total=figures.volume(package.total.bytes))
    left = figures.volume(package.left.bytes)
    return left if package.total is None else _("{left} of {total}").format(left=left, total=figures.volume(package.total.bytes))


def _package_line(package: Package) -> str:
    label = plain(package.name) if package.name else _("Data")
    extra = [_("for some apps or places only")] if package.restricted else []
    extra += [_("until {day}").format(day=figures.day(package.last_day))] if package.last_day is not None else []
    tail = f" · {figures.listing(extra)}" if extra else ""
    shown = words.labelled(label, f"**{data_words(package)}**")
    return f"{shown}{tail} :small[:gray[{said_by(package.said_by)}]]"


def _count_lines(state: CardState, measure: Measure, label: str) -> list[str]:
    found = []
    for key, item in sorted(state.fields.items()):
        if key.measure is measure and key.aspect in (Aspect.LEFT, Aspect.UNLIMITED):
            count = item.newest.figure
            if key.aspect is Aspect.UNLIMITED:
                value = _("Unlimited") if str(count) == "yes" else ""
            else:
                value = _("{n} min").format(n=figures.number(int(str(count)) // 60)) if measure is Measure.VOICE else str(count)
            if value:
                found.append(_line(words.labelled(plain(key.part) if key.part else label, f"**{value}**"), item))
    return found


def pace(view: CardView) -> str:
    """Use against an even spend, and what may be used on each day that is left."""
    parts = []
    if view.pace is not None and view.pace_since is not None:
        since = figures.day(view.pace_since.astimezone(clock.zone()).date())
        amount = figures.volume(abs(view.pace.ahead))
        said = (
            _("{amount} more than an even spend since {day}") if view.pace.ahead > 0 else _("{amount} less than an even spend since {day}")
        )
        parts.append(said.format(amount=amount, day=since))
    if view.per_day is not None:
        parts.append(_("{amount} a day left").format(amount=figures.volume(view.per_day.bytes)))
    return figures.listing(parts)
