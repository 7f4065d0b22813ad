import { definePlugin } from 'ptrap';
import { createBurst } from './burst.js';
import { findDesktop, tellDesktop } from './desktop.js';
import { notification } from './notification.js';

const NAME = 'notify-send';

/** Shortest time between two notifications, in ms. */
const PAUSE = 1000;

/** Shows sightings on the desktop of the user who started ptrap, at most one a second. */
export const notifySend = definePlugin(() => ({
  name: NAME,
  async apply(trap) {
    const desktop = await findDesktop(process.env);
    if (typeof desktop === 'string') return trap.log(`no notifications: ${desktop}`);
    const burst = createBurst(PAUSE, (sighting, count, signal) => {
      const { summary, body } = notification(sighting, count);
      return tellDesktop(desktop, summary, body, signal);
    });
    trap.hooks.report.tapPromise(NAME, (sighting, { signal }) => burst(sighting, signal));
  },
}));
