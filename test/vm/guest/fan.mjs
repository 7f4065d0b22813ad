// fan.mjs PORT COUNT ADDRESS…: sends COUNT datagrams to each address from one socket, prints "sent", waits up to 40 s for
// their echoes; prints how many came back and after how many ms the first did: "80 of 80, first after 312 ms".
import { createSocket } from 'node:dgram';

const [port, count, ...addresses] = process.argv.slice(2);
const all = Number(count) * addresses.length;
const socket = createSocket('udp4');
let [echoes, first] = [0, Infinity];
const finish = () => {
  console.log(`${echoes} of ${all}, first after ${Math.floor(first)} ms`);
  process.exit();
};
socket.on('message', bytes => {
  first = Math.min(first, performance.now() - Number(bytes));
  if ((echoes += 1) === all) finish();
});
setTimeout(finish, 40_000);
let left = all;
for (let round = 0; round < Number(count); round += 1) {
  for (const address of addresses) {
    socket.send(
      String(performance.now()),
      Number(port),
      address,
      () => (left -= 1) === 0 && console.log('sent'),
    );
  }
}
