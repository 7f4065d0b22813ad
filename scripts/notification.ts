import { notifySend } from '../plugins/index.js';
import { openPlugins } from '../src/plugin/host.js';
import { openDispatch } from '../src/report/dispatch.js';
import { dig, sightingOf } from '../test/fixtures/report/events.js';

// Gives the plugin notify-send one sighting, see notification.sh.

await using host = await openPlugins([notifySend()], {
  instance: 'k3v9qa',
  print: text => console.log(text),
  log: (plugin, text) => console.error(`${plugin}: ${text}`),
  failed: ({ plugin, message }) => console.error(`${plugin}: ${message}`),
});
const dispatch = openDispatch(host.sinks);
for (const number of [1, 2, 3]) dispatch.deliver({ ...sightingOf(number, dig), count: 4 });
await dispatch.drain(10_000);
