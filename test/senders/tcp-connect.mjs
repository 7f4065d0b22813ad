// tcp-connect.mjs ADDRESS PORT: connects, prints {"pid":…,"port":…} with its own port, closes.
import { connect } from 'node:net';

const [host, port] = process.argv.slice(2);
const socket = connect({ host, port: Number(port), timeout: 10_000 }, () => {
  console.log(JSON.stringify({ pid: process.pid, port: socket.localPort }));
  socket.end();
});
socket.on('timeout', () => socket.destroy(new Error('no answer within 10 s')));
