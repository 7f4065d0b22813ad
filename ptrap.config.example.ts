import { defineConfig, definePlugin } from 'ptrap';
import { dns, exec, jsonLogger, processTree } from 'ptrap/plugins';

// A config file for ptrap. Copy it as ptrap.config.ts into the folder that you call ptrap from, or anywhere with
// --config. Every key is optional, and the flag of the same name wins over it: docs/options.md lists them all.
// It runs as root: it must belong to you or to root, and nobody else may be able to write to it.

/** A plugin of your own: a name, and one function that taps the hooks it needs (docs/hooks.md). */
const ignoreUser = definePlugin((options: { uid: number }) => ({
  name: 'ignore-user',
  apply(trap) {
    trap.hooks.accept.tap('ignore-user', match => match.flow.uid !== options.uid);
  },
}));

export default defineConfig({
  // address or name or network, port or range, protocol; without a protocol: tcp and udp
  targets: ['192.168.1.1:53/udp', '[2001:db8::1]:443/tcp', '10.0.0.0/8'],

  // of tcp, match only the packet that opens a connection
  newConnections: true,

  // hold each packet for 60 ms; 'auto' measures how long it takes to hear of it
  delay: '60ms',

  // at most 5 sightings a minute for each program
  limit: 5,
  limitPer: 'executable',

  // end after ten minutes
  for: '10m',

  plugins: [
    // what DNS queries to these ports ask for; the journal does not show it, the sources nflog and queue do
    dns({ ports: [53, 5353] }),
    processTree(),
    jsonLogger({ file: './ptrap.ndjson' }),
    exec({ command: 'ps -o pid,etime,args -p', timeoutMs: 2_000 }),
    // a program and its arguments; what was seen is put in the place of {comm}, {dst}, …, whatever it holds
    { ...exec({ command: ['logger', '--', '{comm} sent to {dst}'] }), name: 'log' },
    // stops what sends, until ptrap ends
    // freeze({ exe: ['curl'] }),
    ignoreUser({ uid: 101 }),
    // by name; with options as ['json-logger', { file: … }]; or by path, relative to this file: './my-plugin.ts'
    'notify-send',
  ],
});
