#!/usr/bin/env bash
# Makes docs/images/notification.png: the plugin notify-send tells a real notification daemon (dunst) on a virtual screen.
# By hand, with the packages xvfb, dunst, libnotify-bin, dbus-daemon and imagemagick.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${DBUS_SESSION_BUS_ADDRESS:-}" ]; then exec dbus-run-session -- "$0"; fi

made=$(mktemp -d)
trap 'kill $(jobs -p); rm -r "$made"' EXIT
cat > "$made/dunstrc" <<'EOF'
[global]
    width = 560
    height = 200
    origin = top-left
    offset = 12x12
    font = DejaVu Sans 10
    format = "<b>%s</b>\n%b"
    frame_width = 1
    timeout = 0
EOF
export DISPLAY=:77
Xvfb $DISPLAY -screen 0 586x150x24 2>/dev/null &
sleep 2
dunst -config "$made/dunstrc" 2>/dev/null &
sleep 2
npx tsx scripts/notification.ts
sleep 1
mkdir -p docs/images
import -window root -strip -colors 64 docs/images/notification.png
