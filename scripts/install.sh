#!/bin/sh
# Puts meterd in place: `make install`, or sh scripts/install.sh [DESTDIR] [PREFIX].
# Run again, it brings everything up to date and leaves /etc/meterd/meterd.toml as it is.
set -eu
umask 022
destdir=${1:-}
prefix=${2:-/usr}

fail() {
  echo "install: $1" >&2
  exit 1
}

case $prefix in
  /usr | /usr/local) ;;
  *) fail "PREFIX is '$prefix': systemd finds units below /usr and /usr/local only, so use one of these" ;;
esac
case $destdir in
  "" | /*) ;;
  *) fail "DESTDIR is '$destdir': give an absolute path" ;;
esac

cd "$(dirname "$0")/.."
binary=${METERD_BINARY:-.build/release/meterd}
[ -x "$binary" ] || fail "no program at $binary: run 'make build' first"
if [ -z "$destdir" ] && [ "$(id -u)" != 0 ]; then
  fail "only root can write to $prefix and /etc: run 'sudo make install', or give DESTDIR"
fi

lib=$destdir$prefix/lib
share=$destdir$prefix/share/meterd
doc=$destdir$prefix/share/doc/meterd

# put MODE SOURCE TARGET: install(1) removes the old file first, so a running meterd keeps the program it was started with.
put() {
  install -D -m "$1" "$2" "$3" || fail "cannot write $3"
}

put 0755 "$binary" "$destdir$prefix/bin/meterd"
for profile in config/profiles/*.toml; do
  put 0644 "$profile" "$share/profiles/$(basename "$profile")"
done
# A model that this version no longer has must not stay behind as if it had.
for profile in "$share"/profiles/*.toml; do
  [ -e "config/profiles/$(basename "$profile")" ] || rm -f "$profile"
done
for page in docs/*.md LICENSE CHANGELOG.md README.md; do
  [ ! -f "$page" ] || put 0644 "$page" "$doc/$(basename "$page")"
done
put 0644 config/meterd.toml "$doc/meterd.toml"

put 0644 systemd/meterd.sysusers.conf "$lib/sysusers.d/meterd.conf"
put 0644 systemd/meterd.tmpfiles.conf "$lib/tmpfiles.d/meterd.conf"
put 0644 systemd/meterd.modules-load.conf "$lib/modules-load.d/meterd.conf"
put 0644 systemd/meterd.service "$lib/systemd/system/meterd.service"
if [ "$prefix" != /usr ]; then
  sed -i "s|/usr/bin/meterd|$prefix/bin/meterd|; s|/usr/share/doc|$prefix/share/doc|" \
    "$lib/systemd/system/meterd.service"
fi

config=$destdir/etc/meterd/meterd.toml
install -d -m 0755 "$destdir/etc/meterd" "$destdir/etc/meterd/profiles"
if [ -e "$config" ] || [ -L "$config" ]; then
  kept="kept as it was; new keys are shown in $prefix/share/doc/meterd/meterd.toml"
else
  put 0644 config/meterd.toml "$config"
  kept="an example: make it yours"
fi

if [ -n "$destdir" ]; then
  echo "meterd is in $destdir"
  exit 0
fi

# The user first: the directories below belong to it.
if command -v systemd-sysusers >/dev/null 2>&1; then
  systemd-sysusers meterd.conf
  systemd-tmpfiles --create meterd.conf
else
  echo "install: no systemd-sysusers here: make user and group 'meterd' yourself, member of 'dialout'" >&2
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl restart systemd-modules-load.service ||
    echo "install: some serial drivers were not loaded: systemctl status systemd-modules-load" >&2
fi

if [ "$prefix" != /usr ]; then
  echo "install: meterd looks for meter models in /usr/share/meterd/profiles and /etc/meterd/profiles: add" >&2
  echo "  \"$prefix/share/meterd/profiles\" to 'profiles' of [site] in /etc/meterd/meterd.toml" >&2
fi
cat <<EOF
meterd is installed. Next:
  /etc/meterd/meterd.toml                    $kept
  meterd check /etc/meterd/meterd.toml       prints every mistake, else the polling plan
  systemctl enable --now meterd              at the first installation
  systemctl restart meterd                   after an upgrade
  sudo usermod -aG meterd \$USER              whoever may ask for the status (log in again afterwards)
  meterd status; journalctl -u meterd        how it does
  $prefix/share/doc/meterd/OPERATIONS.md     everything else
EOF
