#!/bin/sh
# Runs the tests of the rooms under the address sanitizer (`address`) or the thread sanitizer (`thread`); more arguments go to
# `swift test`, for example --filter ModbusTests. Some five minutes of building each, in scratch paths of their own.
set -eu
cd "$(dirname "$0")/.."
kind=$1
shift
export SWIFT_BACKTRACE=enable=no
processes='InteropTests|FaultTests|ServiceTests|PowerCutTests|ArchiveFormatTests'
case $kind in
address)
    swift build --build-tests --sanitize=address --scratch-path .build-asan
    # What XCTest and Foundation keep for ever is not ours.
    ASAN_OPTIONS=detect_leaks=0 swift test --skip-build --sanitize=address --scratch-path .build-asan --skip "$processes" "$@"
    ;;
thread)
    # Synchronization.Mutex is a futex that the thread sanitizer cannot see: everything that it guards would look like a race.
    # So the sources are copied and each room gets a Mutex on pthreads, which hides the other one.
    copy=.build-tsan/copy
    mkdir -p "$copy"
    for part in Package.swift Sources Tests config docs Fuzz systemd; do
        rm -rf "${copy:?}/$part"
        cp -R "$part" "$copy/"
    done
    grep -rlE '^import Synchronization' "$copy/Sources" "$copy/Tests" --include='*.swift' | while read -r file; do
        cp scripts/TSanMutex.swift "$(dirname "$file")/"
    done
    swift build --package-path "$copy" --build-tests --sanitize=thread
    swift test --package-path "$copy" --skip-build --sanitize=thread --skip "$processes" "$@"
    ;;
*)
    echo "usage: scripts/sanitize.sh address|thread [arguments of swift test]" >&2
    exit 64
    ;;
esac
