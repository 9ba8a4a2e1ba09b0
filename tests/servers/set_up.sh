#!/bin/sh
# PostgreSQL and nginx for the tests: Debian's packages where they may be installed. Does nothing when both are there. The tests start
# servers of their own in directories that they throw away, so none is left running by the installation.
set -eu

have_postgresql() { command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
have_nginx() { command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ]; }

if have_postgresql && have_nginx; then exit 0; fi

sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"
if command -v apt-get >/dev/null 2>&1 && { [ -z "$sudo" ] || $sudo true 2>/dev/null; }; then
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get update -qq
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
        $sudo chmod 755 $policy
        trap '$sudo rm -f $policy' EXIT
    fi
    if ! have_postgresql; then
        $sudo apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null
        $sudo sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
        $sudo apt-get install -y -qq --no-install-recommends postgresql >/dev/null
    fi
    if ! have_nginx; then $sudo apt-get install -y -qq --no-install-recommends nginx >/dev/null; fi
fi

if ! have_postgresql || ! have_nginx; then
    echo "The tests need PostgreSQL and nginx, and they could not be installed from here." >&2
    echo "Install both (Debian and Ubuntu: apt-get install postgresql nginx; macOS: brew install postgresql nginx), then run this again." >&2
    exit 1
fi
