// udp-flood.mjs ADDRESS PORT COUNT: sends so many packets from one socket, as fast as it can.
import { createSocket } from 'node:dgram';

const [address, port, count] = process.argv.slice(2);
const socket = createSocket('udp4');
const send = () =>
  new Promise((resolve, reject) => {
    socket.send('x', Number(port), address, error => (error ? reject(error) : resolve()));
  });
for (let sent = 0; sent < Number(count); sent += 50) {
  await Promise.all(Array.from({ length: Math.min(50, Number(count) - sent) }, send));
}
socket.close();
