// udp-echo.mjs PORT [ADDRESS…]: answers every datagram with itself; prints "listening" once all addresses are bound.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

const [port, ...addresses] = process.argv.slice(2);
for (const address of addresses.length > 0 ? addresses : ['127.0.0.1', '::1']) {
  const socket = createSocket(isIPv6(address) ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
  socket.on('message', (bytes, peer) => socket.send(bytes, peer.port, peer.address));
  socket.bind(Number(port), address);
  await once(socket, 'listening');
}
console.log('listening');
