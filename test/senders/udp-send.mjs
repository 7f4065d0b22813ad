// udp-send.mjs ADDRESS PORT [--unconnected] [--exit]: sends one datagram and waits up to 10 s for the answer.
// --unconnected: sendto() from a socket without a peer. --exit: does not wait. ::ffff:a.b.c.d makes an AF_INET6 socket.
// Prints {"pid":…,"port":…} as soon as the datagram is sent; exit code 1 without an answer.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { unconnected: { type: 'boolean' }, exit: { type: 'boolean' } },
});
const [address, port] = positionals;
const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
const sent = () => {
  console.log(JSON.stringify({ pid: process.pid, port: socket.address().port }));
  if (values.exit) process.exit(0);
};
const answered = once(socket, 'message', { signal: AbortSignal.timeout(10_000) });
if (values.unconnected) {
  socket.send('x\n', Number(port), address, sent);
} else {
  socket.connect(Number(port), address);
  await once(socket, 'connect');
  socket.send('x\n', sent);
}
await answered;
socket.close();
