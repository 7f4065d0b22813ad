// tcp-server.mjs PORT [ADDRESS…]: accepts connections and sends back what comes; prints "listening" once all are bound.
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';

const [port, ...addresses] = process.argv.slice(2);
for (const host of addresses.length > 0 ? addresses : ['127.0.0.1', '::1']) {
  const server = createServer(socket => socket.on('error', () => socket.destroy()).pipe(socket));
  server.listen({ port: Number(port), host, ipv6Only: isIPv6(host) });
  await once(server, 'listening');
}
console.log('listening');
