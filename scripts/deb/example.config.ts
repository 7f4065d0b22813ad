import { defineConfig } from 'ptrap';
import { jsonLogger } from 'ptrap/plugins';

// An example that nothing runs. Copy it to /etc/ptrap/NAME.config.ts, which only root may be able to write to, then
//   systemctl enable --now ptrap@NAME
//   journalctl -f -u ptrap@NAME
// ptrap(1) and /usr/share/doc/ptrap/options.md list the keys.

export default defineConfig({
  targets: ['192.168.1.1:53/udp'],

  // at most so many sightings a minute for each program
  limit: 20,
  limitPer: 'executable',

  // what lies in /var/log/ptrap is rotated
  plugins: [jsonLogger({ file: '/var/log/ptrap/NAME.ndjson' })],
});
