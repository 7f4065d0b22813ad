import type { Resolution } from './events.js';
import type { Arrival } from './match/source.js';
import type { PluginHost } from './plugin/host.js';
import type { Sighter } from './sight.js';

/** Takes matches in, looks into many at once, and gives them on in the order in which they came. */
export interface Intake {
  /** Takes matches, one after the other, until the source ends. Whatever plugins do, it never stops. */
  follow(arrivals: AsyncIterable<Arrival>): Promise<void>;
  /** Settles when all that came so far has been given on. */
  settled(): Promise<void>;
}

/** What the intake needs. */
export interface IntakeOptions {
  identify: Sighter['identify'];
  plugins: Pick<PluginHost, 'taps' | 'skip'>;
  /** Whether enough was seen: what comes then is let go at once. */
  isDone(): boolean;
  take(arrival: Arrival, resolution: Resolution | undefined): void;
  fail(error: unknown): void;
}

/** Matches that are being resolved at once: those that came together share what is read of /proc. */
const MOST_RESOLVED = 64;

/** Matches that plugins are asked about at once; beyond that they are not, and none waits for what they think of. */
const MOST_ASKED = 256;

/** Opens one in which nothing is under way. */
export function openIntake({ identify, plugins, isDone, take, fail }: IntakeOptions): Intake {
  const underWay = { asked: 0, resolved: 0 };
  const overtaking = new Set<Promise<void>>();
  let inOrder = Promise.resolve();
  let room: () => void = () => undefined;

  function look(arrival: Arrival, isAsked: boolean): Promise<Resolution | undefined> {
    const kind = isAsked ? 'asked' : 'resolved';
    underWay[kind] += 1;
    return identify(arrival, isAsked).finally(() => {
      underWay[kind] -= 1;
      room();
    });
  }

  /** Looks into one beside others, and gives it on after those before it. */
  function enter(arrival: Arrival): void {
    const hasTaps = plugins.taps('resolve');
    if (hasTaps && underWay.asked >= MOST_ASKED) return overtake(arrival);
    const identified = look(arrival, hasTaps);
    inOrder = Promise.all([identified, inOrder])
      .then(([resolution]) => take(arrival, resolution))
      .catch(fail);
  }

  /** The same for one that does not wait for those which plugins are slow with. */
  function overtake(arrival: Arrival): void {
    plugins.skip('resolve');
    const taken = look(arrival, false)
      .then(resolution => take(arrival, resolution))
      .catch(fail)
      .finally(() => overtaking.delete(taken));
    overtaking.add(taken);
  }

  return {
    async follow(arrivals) {
      for await (const arrival of arrivals) {
        if (isDone())
          arrival.release?.(); // only the source's own count goes on
        else enter(arrival);
        while (underWay.resolved >= MOST_RESOLVED) await new Promise<void>(resolve => (room = resolve));
      }
    },
    async settled() {
      await inOrder;
      await Promise.all(overtaking);
    },
  };
}
