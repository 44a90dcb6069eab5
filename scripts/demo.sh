#!/bin/sh
# Simulated meters, the daemon, and its status refreshing until interrupted; DEMO_SECONDS=60 ends by itself.
set -eu
meterd=$1
config=config/demo.toml
data=demo-data
socket=$data/status.sock
mkdir -p "$data"
"$meterd" simulate --config "$config" 2>"$data/simulate.log" &
simulate=$!
"$meterd" run --config "$config" 2>"$data/meterd.log" &
daemon=$!
finish() {
  trap - INT TERM EXIT
  kill -TERM "$daemon" 2>/dev/null || true
  wait "$daemon" 2>/dev/null || true
  kill -TERM "$simulate" 2>/dev/null || true
  wait "$simulate" 2>/dev/null || true
}
trap 'finish; summary; exit 0' INT TERM
trap finish EXIT
summary() {
  echo
  echo "Archive:     $data/archive   Spool files: $data/spool   Logs: $data/*.log"
  ls -l "$data/spool" 2>/dev/null | tail -n 4
  echo "Try next:"
  echo "  $meterd query main-incomer/energy_active_import --from $(date +%F) --archive $data/archive"
  echo "  (cd $data/spool && sha256sum -c *.sha256)"
  echo "  $meterd check $config        $meterd profiles list --directory config/profiles"
}
start=$(date +%s)
while :; do
  if ! kill -0 "$daemon" 2>/dev/null; then
    echo "meterd ended:"
    cat "$data/meterd.log"
    exit 1
  fi
  now=$(date +%s)
  if [ -S "$socket" ]; then
    [ -t 1 ] && printf '\033[H\033[2J'
    "$meterd" status --socket "$socket" || true
    [ -t 1 ] && printf '\nCtrl-C ends the demo. Archive and spool files: %s\n' "$data"
  fi
  if [ -n "${DEMO_SECONDS:-}" ] && [ $((now - start)) -ge "$DEMO_SECONDS" ]; then
    "$meterd" status --socket "$socket" >/dev/null
    finish
    summary
    exit 0
  fi
  sleep 2
done
