#!/bin/sh
# A Chromium and a Chinese font for the browser tests: Debian packages where they may be installed, else Playwright's own
# browser. Does nothing when they are there. The shell without windows is Chromium too; it spares a third of the processor.
set -eu
bin=$1

have_shell() { command -v chromium-headless-shell >/dev/null 2>&1; }
have_chromium() { have_shell || command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; }
have_font() { command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=zh 2>/dev/null | head -n 1)" ]; }

if have_shell && have_font; then exit 0; fi

sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"
if command -v apt-get >/dev/null 2>&1 && { [ -z "$sudo" ] || $sudo true 2>/dev/null; }; then
    export DEBIAN_FRONTEND=noninteractive
    apt="$sudo apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20"
    install="$apt install -y --no-install-recommends"
    # What cannot be had is named below, or Playwright has it.
    $apt update >/dev/null 2>&1 || true
    have_shell || $install chromium-headless-shell >/dev/null 2>&1 || have_chromium || $install chromium >/dev/null 2>&1 || true
    have_font || $install fontconfig fonts-wqy-zenhei >/dev/null 2>&1 || true
fi

if ! have_chromium; then "$bin/python" -m playwright install chromium; fi
if ! have_font; then
    echo "No font with Chinese letters was found: the tests pass, but Chinese screenshots will show boxes." >&2
    echo "Install one, for example Noto Sans CJK." >&2
fi
