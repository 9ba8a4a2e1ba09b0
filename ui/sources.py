"""Where prices come from: what is asked of whom, the button that asks, progress, and the outcome of each source."""

import streamlit as st

from services.model.plan import Origin
from services.store.catalogue import SourceRow
from services.use.catalogue import CatalogueDesk, LiveSource
from services.use.house import house
from ui import clock, figures, words
from ui.language import _, language, n_
from ui.shell import account
from ui.text import plain
from ui.turns import fragment

POLL_S = 0.4


def desk() -> CatalogueDesk:
    return CatalogueDesk(house(), account())


def price_banner() -> None:
    """Above every list of prices: invented ones are called so; real ones show their sources and age."""
    found = desk()
    under_way = found.refreshing()  # asked before the prices are read: a fetch that ends between the two is not missed
    found.ensure_plans()
    rows = found.store.sources()
    if any(row.origin is Origin.SANDBOX and row.plan_count for row in rows):
        st.warning(
            _(
                "They show how this page works and cannot be bought. Fetch the public prices of real sellers, or import your own list in the settings."
            ),
            title=_("All prices on this page are invented"),
        )
    if under_way:
        _progress()
        return
    sources = found.live_sources(rows)
    _outcomes(sources)
    _imported([row for row in rows if row.origin is Origin.IMPORTED])
    _ask([source for source in sources if source.enabled])


def _start() -> None:
    desk().start_refresh()


def _ask(sources: list[LiveSource]) -> None:
    if not sources:
        st.info(_("Every source of prices is switched off. Switch one on in the settings."))
        return
    ready = [source for source in sources if source.next_fetch_at is None]
    fresh = any(source.row and source.row.succeeded_at for source in sources)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("Fetch prices again") if fresh else _("Fetch real prices"),
            type="secondary" if fresh else "primary",
            disabled=not ready,
            on_click=_start,
            key="fetch_prices",
        )
        if not ready:
            earliest = min(source.next_fetch_at for source in sources if source.next_fetch_at)
            st.caption(
                _("Each seller is asked at most every 15 minutes. Next time: {time}").format(
                    time=figures.clock_time(earliest.astimezone(clock.zone()))
                )
            )
    asked = st.expander(_("Who is asked, and what is sent"), on_change="rerun", key="who_is_asked")
    if asked.open:
        with asked:
            for source in sources:
                st.markdown(f"**{source.facts.name}** · {source.facts.sends.in_language(language())}")
                st.code("\n".join(source.facts.asks), language=None, wrap_lines=True)


def _outcomes(sources: list[LiveSource]) -> None:
    now = clock.now()
    for source in sources:
        row = source.row
        if row is None or not source.enabled:
            continue
        if row.failure is not None:
            st.error(words.failure(row.failure), title=_("{seller}: not fetched").format(seller=source.facts.name))
        if row.succeeded_at is not None:
            count = n_("{n} plan", "{n} plans", row.plan_count).format(n=figures.number(row.plan_count))
            parts = [source.facts.name, count, _("fetched {ago}").format(ago=figures.ago(row.succeeded_at, now))]
            if row.skipped:
                skipped = len(row.skipped)
                parts.append(n_("{n} entry could not be read", "{n} entries could not be read", skipped).format(n=skipped))
            st.caption(" · ".join(parts))


def _imported(lists: list[SourceRow]) -> None:
    for row in lists:
        count = n_("{n} plan", "{n} plans", row.plan_count).format(n=figures.number(row.plan_count))
        parts = [plain(row.label), count]
        if row.succeeded_at is not None:
            parts.append(_("imported {ago}").format(ago=figures.ago(row.succeeded_at, clock.now())))
        st.caption(" · ".join(parts))


@fragment(run_every=POLL_S)
def _progress() -> None:
    """Drawn alone while a fetch is under way; the whole page follows when it is over."""
    stages = {source.facts.name: source.stage for source in desk().live_sources() if source.stage}
    over = sum(stage.is_over for stage in stages.values())
    if over == len(stages):
        st.rerun()
    st.progress(over / len(stages), text=_("Fetching prices. You can go on using the page with the ones it has."))
    for name, stage in stages.items():
        st.caption(figures.labelled(name, words.word(words.STAGE, stage.value)))


def source_switches() -> None:
    """One switch per seller, with what it knows of us, how the last fetch went, and when the next one may be."""
    found = desk()
    for source in found.live_sources():
        with st.container(border=True):
            key = f"source_{source.facts.id}"
            st.session_state[key] = source.enabled
            st.toggle(source.facts.name, key=key, on_change=lambda name=source.facts.id, key=key: found.switch(name, st.session_state[key]))
            st.markdown(" · ".join(_state(source)))
            if source.row is not None and source.row.failure is not None:
                st.warning(words.failure(source.row.failure), title=_("{seller}: not fetched").format(seller=source.facts.name))
            st.caption(source.facts.sends.in_language(language()))
            st.code("\n".join(source.facts.asks), language=None, wrap_lines=True)


def _state(source: LiveSource) -> list[str]:
    """Whether it is used, its plans and their age, and when it may be asked again."""
    row, now = source.row, clock.now()
    if not source.enabled:
        parts = [_("Switched off: it is not asked")]
    elif source.stage is not None and not source.stage.is_over:
        parts = [words.word(words.STAGE, source.stage.value)]
    elif source.next_fetch_at is not None:
        parts = [_("May be asked again at {time}").format(time=figures.clock_time(source.next_fetch_at.astimezone(clock.zone())))]
    else:
        parts = [_("May be asked now")]
    if row is None or row.succeeded_at is None:
        return [*parts, _("never fetched")]
    count = n_("{n} plan", "{n} plans", row.plan_count).format(n=figures.number(row.plan_count))
    return [*parts, count, _("fetched {ago}").format(ago=figures.ago(row.succeeded_at, now))]
