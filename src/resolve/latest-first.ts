/** Runs a look-up: at once, or when those that came later have had their turn. */
export type InTurn = <Answer>(lookUp: () => Promise<Answer>) => Promise<Answer>;

/** So many are begun before the event loop turns, so that what comes meanwhile is heard of. */
const MOST_A_TURN = 4;
/** And so many are under way at once. */
const MOST_UNDER_WAY = 64;

/**
 * Lets look-ups in. In a flood more wait than can be answered in time, and of those the latest comes first: its sender is
 * the likeliest to be there still, where in the order of their coming each would be too late.
 */
export function openLatestFirst(): InTurn {
  const waiting: (() => void)[] = [];
  let underWay = 0;
  let begun = 0;

  const isFull = (): boolean => underWay >= MOST_UNDER_WAY || begun >= MOST_A_TURN;

  function enter(): void {
    underWay += 1;
    if (begun === 0) setImmediate(nextTurn);
    begun += 1;
  }

  function nextTurn(): void {
    begun = 0;
    letIn();
  }

  function letIn(): void {
    while (!isFull() && waiting.length > 0) {
      enter();
      waiting.pop()!();
    }
  }

  return async lookUp => {
    if (isFull()) await new Promise<void>(resolve => waiting.push(resolve));
    else enter();
    try {
      return await lookUp();
    } finally {
      underWay -= 1;
      if (begun === 0) letIn();
    }
  };
}
