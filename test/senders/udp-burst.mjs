// udp-burst.mjs ADDRESS PORT COUNT: sends numbered datagrams from one socket, prints "sent", waits up to 20 s for their
// echoes, prints how many came back and whether in order: "200 in order".
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

const [address, port, count] = process.argv.slice(2);
const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
const echoes = [];
const finish = () => {
  const inOrder = echoes.every((number, index) => number === index);
  console.log(`${echoes.length} ${inOrder ? 'in order' : 'out of order'}`);
  process.exit();
};
socket.on('message', bytes => {
  echoes.push(Number(bytes));
  if (echoes.length === Number(count)) finish();
});
setTimeout(finish, 20_000);
socket.connect(Number(port), address, () => {
  let left = Number(count);
  for (let number = 0; number < Number(count); number += 1) {
    socket.send(String(number), () => (left -= 1) === 0 && console.log('sent'));
  }
});
