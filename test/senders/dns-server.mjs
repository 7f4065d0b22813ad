// dns-server.mjs ADDRESS: a DNS server on port 53 that knows one name, with a TTL of 2 s. Each line of its stdin is what
// it answers from then on: IPv4 and IPv6 addresses, or nothing (SERVFAIL), or "-" (no answer at all). It prints a line when it does so.
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { decode, encode } from 'dns-packet';

const [address] = process.argv.slice(2);
const server = createSocket('udp4');
let known = [];

server.on('message', (message, { port, address: to }) => {
  if (known.includes('-')) return;
  const { id, questions } = decode(message);
  const [{ name, type }] = questions;
  const answers = known
    .filter(data => data.includes(':') === (type === 'AAAA'))
    .map(data => ({ type, name, ttl: 2, data }));
  const flags = 0x0180 | (known.length === 0 ? 2 : 0);
  server.send(encode({ type: 'response', id, flags, questions, answers }), port, to);
});
server.bind(53, address, () => console.log('listening'));
createInterface({ input: process.stdin }).on('line', line => {
  known = line.split(' ').filter(Boolean);
  console.log('set');
});
