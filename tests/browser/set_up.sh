#!/bin/sh
# A Chromium and a Chinese font for the browser tests: Debian packages where they may be installed, else Playwright's own
# browser. Does nothing when both are there.
set -eu
bin=$1

have_chromium() { command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; }
have_font() { command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=zh 2>/dev/null | head -n 1)" ]; }

if have_chromium && have_font; then exit 0; fi

sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"
if command -v apt-get >/dev/null 2>&1 && { [ -z "$sudo" ] || $sudo true 2>/dev/null; }; then
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get update -qq
    $sudo apt-get install -y -qq --no-install-recommends chromium fontconfig fonts-wqy-zenhei >/dev/null
fi

if ! have_chromium; then "$bin/python" -m playwright install chromium; fi
if ! have_font; then
    echo "No font with Chinese letters was found: the tests pass, but Chinese screenshots will show boxes." >&2
    echo "Install one, for example Noto Sans CJK." >&2
fi
