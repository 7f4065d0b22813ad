// Touches a file beside the journal without pause, which has every journalctl -f look while journald still writes.
import { closeSync, futimesSync, openSync, unlinkSync } from 'node:fs';

const path = `/run/log/journal/toucher-${process.pid}`;
const fd = openSync(path, 'ax', 0o600);
process.on('SIGTERM', () => {
  closeSync(fd);
  unlinkSync(path);
  process.exit(0);
});
console.log('touching');
const touch = () => {
  const now = Date.now() / 1000;
  for (let times = 0; times < 20; times += 1) futimesSync(fd, now, now);
  setImmediate(touch);
};
touch();
