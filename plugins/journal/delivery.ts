import { closeSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConnect } from './socket.js';

/** How long journald is waited for when it is behind, and how often it is asked again, in ms. */
const PATIENCE = 2000;
const AGAIN = 20;

const words: Readonly<Record<string, string>> = {
  ENOENT: 'nobody listens there',
  ECONNREFUSED: 'nobody listens there',
  EAGAIN: 'it takes nothing',
};

/** Hands entries to journald. That it does not take them is no failure of ours: it is told once, and counted. */
export interface Delivery extends Disposable {
  /** Settles when the entry was taken or given up; never rejects. Call it again only then. */
  send(entry: Buffer): Promise<void>;
}

/** Opens a way to the journald that listens at `path`, and says at once when there is none. */
export async function openDelivery(path: string, say: (text: string) => void): Promise<Delivery> {
  const connect = await loadConnect();
  let socket: number | undefined;
  let isTold = false;
  let lost = 0;

  const close = () => {
    if (socket !== undefined) closeSync(socket);
    socket = undefined;
  };
  /** The name of the error, if there was one. */
  const write = (entry: Buffer): string | undefined => {
    if (socket === undefined) {
      const opened = connect(path);
      if (typeof opened === 'string') return opened;
      socket = opened;
    }
    try {
      writeSync(socket, entry);
      return undefined;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  };
  const attempt = async (entry: Buffer): Promise<string | undefined> => {
    const end = performance.now() + (isTold ? 0 : PATIENCE);
    let problem = write(entry);
    while (problem === 'EAGAIN' && performance.now() < end) {
      await sleep(AGAIN);
      problem = write(entry);
    }
    if (problem === undefined || problem === 'EAGAIN') return problem;
    close();
    return write(entry); // a journald that was started again listens on another socket
  };
  const send = async (entry: Buffer): Promise<void> => {
    const problem = await attempt(entry);
    const isLost = problem !== undefined;
    if (isLost && entry.length > 0) lost += 1;
    if (isLost && !isTold)
      say(`sightings do not get into the journal: ${path}: ${words[problem] ?? problem}`);
    if (!isLost && isTold) say(`the journal takes sightings again; ${counted(lost)} not in it`);
    if (!isLost) lost = 0;
    isTold = isLost;
  };

  await send(Buffer.alloc(0)); // journald takes no notice of an empty one
  return {
    send,
    [Symbol.dispose]() {
      if (lost > 0) say(`${counted(lost)} not in the journal`);
      close();
    },
  };
}

function counted(lost: number): string {
  return `${lost} ${lost === 1 ? 'is' : 'are'}`;
}
