import { readFileSync } from 'node:fs';

/** Bytes that a real program sent, kept as hex text. */
export function recorded(name: string): Buffer {
  const text = readFileSync(new URL(`../fixtures/plugins/${name}.hex`, import.meta.url), 'latin1');
  return Buffer.from(text.replace(/\s/g, ''), 'hex');
}

/** The same numbers in [0, below) for the same seed, every time: a xorshift generator of 32 bits. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Mostly like what was recorded: cut, with changed bytes and lengths, pieces repeated or put together; or mere noise. */
export function* hostile(samples: readonly Buffer[], count: number, seed = 20_261_123): Generator<Buffer> {
  const random = numbers(seed);
  const sample = (): Buffer => samples[random(samples.length)]!;
  const changes: ((bytes: Buffer) => Buffer)[] = [
    bytes => bytes.subarray(0, random(bytes.length + 1)),
    bytes => bytes.subarray(random(bytes.length + 1)),
    bytes => Buffer.concat([bytes.subarray(0, random(bytes.length + 1)), sample()]),
    bytes => {
      for (let left = random(8); left >= 0; left -= 1)
        if (bytes.length > 0) bytes[random(bytes.length)] = random(256);
      return bytes;
    },
    bytes => {
      const extremes = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff];
      if (bytes.length > 0) bytes[random(bytes.length)] = extremes[random(extremes.length)]!;
      return bytes;
    },
    bytes => Buffer.from(bytes.map(() => random(256))),
  ];
  for (let made = 0; made < count; made += 1) {
    let bytes: Buffer = Buffer.from(sample());
    for (let left = random(3); left >= 0; left -= 1) bytes = changes[random(changes.length)]!(bytes);
    yield bytes;
  }
}
