"""What somebody sees where the dashboard is closed: what to set, and nothing else."""

from html import escape
from urllib.parse import parse_qs

from starlette.datastructures import Headers

from services.use.configuration import ConfigurationError, SignIn
from ui.language import LANGUAGES, STATE_KEY, _, mark, speaking

WHAT = {
    "redirect_uri": mark("the address that people open, with /oauth2callback at its end"),
    "cookie_secret": mark("at least 32 random characters"),
    "client_id": mark("given by your identity provider"),
    "client_secret": mark("given by your identity provider"),
    "server_metadata_url": mark("address of your identity provider that ends in openid-configuration"),
    "allow": mark("the addresses, or domains, of those who may sign in"),
}
STYLE = (
    "body{font:1rem/1.6 system-ui,-apple-system,'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans CJK SC','WenQuanYi Zen Hei',sans-serif;"
    "margin:0;color:#1a1a1a;background:#fff}main{max-width:40rem;margin:0 auto;padding:1.5rem 1rem}h1{font-size:1.75rem;line-height:1.25}"
    "code{background:#eef2f0;padding:.1rem .3rem;border-radius:.25rem;overflow-wrap:anywhere}li{margin:.5rem 0}"
    "a{color:#0b6e4f;display:inline-block;padding:.75rem 0}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#111}code{background:#26302c}a{color:#6fd3ae}}"
)


def title() -> str:
    return _("Simkeeper is closed here")


def why(sign_in: SignIn | ConfigurationError) -> str:
    """The sentence before what to set."""
    if isinstance(sign_in, ConfigurationError):
        return _("A setting cannot be used: {name}. Correct it and start again.").format(name=sign_in.name)
    return _("Other machines can reach it at this address, so people have to sign in here, and that is not set up.")


def to_set(sign_in: SignIn | ConfigurationError) -> list[tuple[str, str]]:
    """Each setting that is missing, with what belongs there."""
    missing = () if isinstance(sign_in, ConfigurationError) else sign_in.missing
    return [(name, _(WHAT[name.rpartition(".")[2]])) for name in missing]


def where() -> list[str]:
    """Where settings stand, and how to go on without any."""
    return [
        _("Put them into .streamlit/secrets.toml or the environment, and start again. docs/sign-in.md has an example."),
        _("To use it on this machine alone, leave server.address at 127.0.0.1 and open it there."),
    ]


def closed_page(headers: Headers, query: bytes, sign_in: SignIn | ConfigurationError) -> str:
    """The page as HTML, in the language that is asked for in the address or that the browser prefers."""
    asked = parse_qs(query.decode("latin-1")).get(STATE_KEY, [""])[-1]
    code = asked if asked in LANGUAGES else "zh" if headers.get("accept-language", "").lower().startswith("zh") else "en"
    other = next(name for name in LANGUAGES if name != code)
    with speaking(code):
        items = "".join(f"<li><code>{escape(name)}</code> {escape(meaning)}</li>" for name, meaning in to_set(sign_in))
        parts = [f"<p>{escape(why(sign_in))}</p>", f"<ul>{items}</ul>" if items else "", *(f"<p>{escape(text)}</p>" for text in where())]
        heading = escape(title())
    tag = {"zh": "zh-CN", "en": "en"}
    return (
        f'<!doctype html><html lang="{tag[code]}"><head><meta charset="utf-8"><title>{heading}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body><main><h1>{heading}</h1>'
        f'{"".join(parts)}<p><a href="?{STATE_KEY}={other}" lang="{tag[other]}">{LANGUAGES[other]}</a></p></main></body></html>'
    )
