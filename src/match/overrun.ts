/** An overrun is told this often, in ms. */
const TELL_EVERY_MS = 10_000;

/** Says that packets were lost each time that it is called, but at the start of a burst and then only now and then. */
export function overrunTeller(say: (line: string) => void): () => void {
  let toldAt = -Infinity;
  return () => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    say('packets come faster than they are read: those missed are counted as lost');
  };
}
