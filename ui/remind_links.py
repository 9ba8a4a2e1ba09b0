"""The links in messages: ``/remind/<token>``. Opening one shows a button and changes nothing, because mail scanners and previews open every
link they find; pressing the button does what the link says, once, without a cookie or a sign-in. The token is sealed by the vault."""

from datetime import UTC, datetime
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.rules.reminders.messages import said
from services.use.house import house
from services.use.reminders import OpenedLink, open_link, use_link

LONGEST_TOKEN = 1_000
_STATUS = {"": 200, "used": 410, "expired": 410, "wrong": 404}
_STYLE = (
    "body{font:1.125rem/1.6 system-ui,-apple-system,'PingFang SC','Microsoft YaHei',sans-serif;margin:0;color:#1a1a1a;background:#fff}"
    "main{max-width:32rem;margin:0 auto;padding:2rem 1rem}h1{font-size:1.5rem}"
    "button{font:inherit;min-height:44px;width:100%;border:0;border-radius:.5rem;background:#0b6e4f;color:#fff;padding:.5rem 1rem}"
    "a{color:#0b6e4f;display:inline-block;min-height:44px;line-height:44px}"
    "@media(prefers-color-scheme:dark){body{background:#0e1117;color:#fafafa}a{color:#5fd3a8}}"
)


def answer(request: Request) -> HTMLResponse:
    """GET looks, POST does. Starlette calls this in a thread: it reads and writes the database."""
    token, now = str(request.path_params["token"])[:LONGEST_TOKEN], datetime.now(UTC)
    if request.method == "POST":
        opened = use_link(house(), token, now)
        return _page(opened, done=not opened.problem)
    return _page(open_link(house(), token, now), done=False)


def _page(opened: OpenedLink, *, done: bool) -> HTMLResponse:
    """The page speaks the language of the message; both where the link does not say."""
    languages = [opened.language] if opened.language else ["zh", "en"]
    action = opened.action.value
    name = opened.problem or (f"done_{action}" if done else f"ask_{action}")
    parts = [f"<p>{escape(said('page', name, language))}</p>" for language in languages]
    if not opened.problem and not done:
        label = escape(said("page", f"do_{action}", languages[0]))
        parts.append(f'<form method="post"><button type="submit">{label}</button></form>')
    else:
        parts += [f'<p><a href="/reminders">{escape(said("page", "open", language))}</a></p>' for language in languages]
    title = escape(" · ".join(said("page", "title", language) for language in languages))
    spoken = "zh-CN" if languages[0] == "zh" else "en"
    html = (
        f'<!doctype html><html lang="{spoken}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f'<link rel="icon" href="data:,"><style>{_STYLE}</style></head><body><main><h1>{title}</h1>{"".join(parts)}</main></body></html>'
    )
    return HTMLResponse(html, _STATUS[opened.problem], {"cache-control": "no-store", "referrer-policy": "no-referrer"})
