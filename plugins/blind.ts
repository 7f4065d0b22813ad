import type { Trap } from 'ptrap';

/** Makes a function that says once, however often it is called, that the source shows no payloads. */
export function blindness(trap: Trap): () => void {
  let isTold = false;
  return () => {
    if (!isTold) trap.log('this source does not show what packets carry: use --source nflog or queue');
    isTold = true;
  };
}
