import { createConnection } from 'node:net';

/** Whether somebody accepts connections on this UNIX stream socket. Under systemd, asking may start who does. */
export function isListening(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(path);
    const answer = (listening: boolean) => () => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', answer(true)).once('error', answer(false));
  });
}
