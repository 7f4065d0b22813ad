import { definePlugin, type Sighting } from 'ptrap';
import { createBurst } from './burst.js';
import { findDesktops, tellDesktop } from './desktop.js';
import { notification } from './notification.js';
import { createRepeats } from './repeats.js';

const NAME = 'notify-send';

/** Shortest time between two notifications, in ms. */
const PAUSE = 1000;

/**
 * Shows sightings on the desktop of the user who started ptrap, at most one a second. The same process, program and
 * destination again takes the place of what was shown of it. Where root started it without sudo: on every desktop that
 * somebody sits before.
 */
export const notifySend = definePlugin(() => ({
  name: NAME,
  async apply(trap) {
    const desktops = await findDesktops(process.env);
    if (typeof desktops === 'string') return trap.log(`no notifications: ${desktops}`);
    const repeats = createRepeats();
    const show = async (sighting: Sighting, count: number, signal: AbortSignal): Promise<void> => {
      const shown = repeats(sighting, count);
      const { summary, body } = notification(sighting, shown.count);
      const tell = desktops.map(async desktop => {
        const replaces = shown.numbers.get(desktop.uid);
        const number = await tellDesktop(desktop, { summary, body, replaces }, signal);
        if (number !== undefined) shown.numbers.set(desktop.uid, number);
      });
      const failed = (await Promise.allSettled(tell)).find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    };
    const burst = createBurst(PAUSE, show);
    trap.hooks.report.tapPromise(NAME, (sighting, { signal }) => burst(sighting, signal));
  },
}));
