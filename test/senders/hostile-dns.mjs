// hostile-dns.mjs ADDRESS: a DNS server on port 53 that nobody should trust. For ttl-N.test it tells an address with a TTL
// of N s; for any other name its answers are cut, lie about their counts and lengths, or point in circles.
import { createSocket } from 'node:dgram';
import { decode, encode } from 'dns-packet';

const [address] = process.argv.slice(2);
const server = createSocket('udp4');
let state = 20_261_124;
const random = below => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

/** Header and question stay whole now and then, so that the answer is looked at. */
function spoil(answer) {
  const bytes = Buffer.from(answer);
  for (let left = random(4); left >= 0; left -= 1) {
    const at = 4 + random(bytes.length - 4);
    if (random(3) === 0) bytes[at] = 0xc0 | random(64);
    else if (random(2) === 0) bytes[at] = random(256);
    else bytes.writeUInt16BE([0, 1, 2, 0x7fff, 0xffff][random(5)], Math.min(at, bytes.length - 2));
  }
  return random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}

server.on('message', (message, { port, address: to }) => {
  const { id, questions } = decode(message);
  const [{ name, type }] = questions;
  const ttl = /^ttl-(\d+)\./.exec(name)?.[1];
  const data = type === 'AAAA' ? 'fd77::2' : '10.77.0.2';
  const many = Array.from({ length: ttl === undefined ? 1 + random(20) : 1 }, () => data);
  const answers = many.map(one => ({ type, name, ttl: Number(ttl ?? 60), data: one }));
  const answer = encode({ type: 'response', id, flags: 0x0180, questions, answers });
  server.send(ttl === undefined ? spoil(answer) : answer, port, to);
});
server.bind(53, address, () => console.log('listening'));
