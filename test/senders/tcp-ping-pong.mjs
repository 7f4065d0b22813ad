// tcp-ping-pong.mjs ADDRESS PORT COUNT: connects, then sends a byte and waits for one, COUNT times; prints how long
// connecting took and how long all the rest, in ms: "212 35". The server echoes.
import { once } from 'node:events';
import { connect } from 'node:net';

const [address, port, count] = process.argv.slice(2);
const started = performance.now();
const socket = connect({ host: address, port: Number(port), noDelay: true });
await once(socket, 'connect');
const connected = performance.now();
for (let turn = 0; turn < Number(count); turn += 1) {
  socket.write('x');
  await once(socket, 'data');
}
console.log(Math.round(connected - started), Math.round(performance.now() - connected));
process.exit();
