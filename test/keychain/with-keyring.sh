#!/usr/bin/env bash
# Runs a command in a D-Bus session of its own. With KEYRING_PASSWORD the user's keyring is unlocked first, and made if
# there is none; without, it is left as it is, and the session starts a keyring daemon when somebody asks for it.
# Usage: [KEYRING_PASSWORD=…] with-keyring.sh <command> [parameter…]
set -euo pipefail
exec dbus-run-session -- bash -c '
  if [ -n "${KEYRING_PASSWORD:-}" ]; then
    printf %s "$KEYRING_PASSWORD" | gnome-keyring-daemon --unlock --components=secrets >/dev/null
  fi
  unset KEYRING_PASSWORD
  "$@"' with-keyring "$@"
