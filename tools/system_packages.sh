#!/bin/sh
# What the tests need from the operating system: a Chromium, PostgreSQL's server programs, the proxies nginx and Caddy, curl
# and openssl, with which the documents' own commands are run, and ssh-keygen, with which a sketch of an authenticator is. Installs what is missing when this
# is root on a machine with apt-get, and otherwise says exactly what to install.
#
#   tools/system_packages.sh           all of these
#   tools/system_packages.sh python    Python's own venv module (Debian has it in a package of its own)
set -eu

found() { command -v "$1" >/dev/null 2>&1; }

has_chromium() { found chromium || found chromium-browser || found google-chrome; }

# Debian puts it where only root's PATH leads.
has_nginx() { found nginx || [ -x /usr/sbin/nginx ]; }

has_postgres() {
    found initdb && found postgres && return 0
    for initdb in /usr/lib/postgresql/*/bin/initdb; do
        [ -x "$initdb" ] && return 0
    done
    return 1
}

# ensurepip is what Debian leaves out; asking for venv alone would succeed there.
has_venv() { python3 -c 'import ensurepip, venv' >/dev/null 2>&1; }

missing=""
case "${1-}" in
    "")
        has_chromium || missing="$missing chromium"
        has_postgres || missing="$missing postgresql"
        has_nginx || missing="$missing nginx"
        found caddy || missing="$missing caddy"
        found curl || missing="$missing curl"
        found openssl || missing="$missing openssl"
        found ssh-keygen || missing="$missing openssh-client"
        ;;
    python)
        found python3 || missing="$missing python3"
        has_venv || missing="$missing python3-venv"
        ;;
    *)
        echo "usage: $0 [python]" >&2
        exit 2
        ;;
esac
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! found apt-get; then
    echo "missing on this machine:$missing" >&2
    echo "install with your system's package manager (Debian, Ubuntu, as root: apt-get install$missing), then try again" >&2
    exit 1
fi

echo "installing$missing (once)" >&2
export DEBIAN_FRONTEND=noninteractive
# apt's own words name the machine's package sources, which belong in no log of ours.
# shellcheck disable=SC2086  # the names are words
if apt-get update >/dev/null 2>&1 && apt-get install -y --no-install-recommends $missing >/dev/null 2>&1 </dev/null; then
    exit 0
fi
echo "apt-get could not install$missing; to see why, run as root: apt-get update && apt-get install$missing" >&2
exit 1
