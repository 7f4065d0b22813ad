import { once } from 'node:events';
import { parentPort, Worker } from 'node:worker_threads';
import { failure } from '../../errors.js';
import { ownFile } from '../../sys/own-program.js';
import { openProbe, type Probe, type ProbeAddress } from '../proof.js';

/**
 * This file is also the program of the thread: it sends what it is told to. Until auditing is on for the first time
 * since boot, the kernel makes no room for it in what it starts (audit_alloc in kernel/auditsc.c): of what is older than
 * ptrap, ptrap's first thread among it, no call is recorded. A new thread's are.
 */
if (parentPort) await serve(parentPort);

async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  const probe = await openProbe();
  port.on('message', (bytes: number) => {
    probe.send(Buffer.alloc(bytes)).then(
      () => port.postMessage({ hasLeft: true }),
      () => port.postMessage({ hasLeft: false }),
    );
  });
  port.postMessage(probe.address);
}

/** As {@link openProbe}, by a new thread: call it when auditing is on. @throws PTRAP_E_LOOPBACK_DOWN */
export async function openThreadProbe(): Promise<Probe> {
  const thread = new Worker(ownFile('match/audit/probe-thread'));
  const [address] = (await once(thread, 'message')) as [ProbeAddress];
  return {
    address,
    async send(payload) {
      thread.postMessage(payload.length);
      const [{ hasLeft }] = (await once(thread, 'message')) as [{ hasLeft: boolean }];
      if (!hasLeft) throw failure('PTRAP_E_LOOPBACK_DOWN');
    },
    [Symbol.dispose]() {
      thread.terminate().catch(() => undefined); // it has ended
    },
  };
}
