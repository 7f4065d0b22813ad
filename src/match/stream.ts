/** Items that come whenever they do, for one reader who takes them one by one. */
export interface Stream<Item> {
  push(item: Item): void;
  /** No more will come; the reader fails with `error` once all is read. The first call counts. */
  end(error?: Error): void;
  readonly items: AsyncIterable<Item>;
}

/** Opens an empty one. */
export function openStream<Item>(): Stream<Item> {
  let waiting: Item[] = [];
  let ended: { error?: Error | undefined } | undefined;
  let wake: () => void = () => undefined;

  async function* items(): AsyncGenerator<Item> {
    for (;;) {
      const taken = waiting;
      waiting = [];
      yield* taken;
      if (waiting.length > 0) continue;
      if (ended?.error) throw ended.error;
      if (ended) return;
      await new Promise<void>(resolve => (wake = resolve));
    }
  }

  return {
    items: items(),
    push(item) {
      waiting.push(item);
      wake();
    },
    end(error) {
      ended ??= { error };
      wake();
    },
  };
}
