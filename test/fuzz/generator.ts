/** How many inputs each parser is given. */
export const COUNT = 100_000;

/** The same inputs every time, unless PTRAP_FUZZ_SEED says otherwise. */
export const SEED = Number(process.env['PTRAP_FUZZ_SEED'] ?? 20_261_124);

/** Draws a whole number in [0, below). */
export type Random = (below: number) => number;

/** Numbers that follow from the seed: a xorshift generator of 32 bits. */
export function numbers(seed = SEED): Random {
  let state = seed | 0 || 1;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** One of them. */
export function one<Item>(random: Random, items: readonly Item[]): Item {
  return items[random(items.length)]!;
}

/** Lengths and counts that parsers trip over. */
const EXTREMES = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xfffffffd, 0xffffffff,
];

type Change = (bytes: Buffer, random: Random, samples: readonly Buffer[]) => Buffer;

/** What is done to a sample, one or several of these. */
const changes: readonly Change[] = [
  (bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
  (bytes, random) => bytes.subarray(random(bytes.length + 1)),
  (bytes, random, samples) =>
    Buffer.concat([bytes.subarray(0, random(bytes.length + 1)), one(random, samples)]),
  flipBits,
  flipBits,
  lie,
  lie,
  lie,
  (bytes, random) => Buffer.from(bytes.map(() => random(256))),
];

function flipBits(bytes: Buffer, random: Random): Buffer {
  for (let left = random(8); left >= 0 && bytes.length > 0; left -= 1)
    bytes[random(bytes.length)]! ^= 1 << random(8);
  return bytes;
}

/** Puts an extreme number of 1, 2 or 4 bytes in either order somewhere: where a length stood, it lies. */
function lie(bytes: Buffer, random: Random): Buffer {
  const size = one(random, [1, 2, 4] as const);
  if (bytes.length < size) return bytes;
  const value = one(random, EXTREMES) % 2 ** (8 * size);
  const at = random(bytes.length - size + 1);
  if (random(2) === 0) bytes.writeUIntLE(value, at, size);
  else bytes.writeUIntBE(value, at, size);
  return bytes;
}

/** Mostly like the samples: cut, with flipped bits and lengths that lie, put together; now and then mere noise. */
export function* hostileBytes(samples: readonly Buffer[], count = COUNT): Generator<Buffer> {
  const random = numbers();
  for (let made = 0; made < count; made += 1) {
    let bytes: Buffer = Buffer.from(one(random, samples));
    for (let left = random(3); left >= 0; left -= 1) bytes = one(random, changes)(bytes, random, samples);
    yield bytes;
  }
}

/** Text that terminals, shells, JSON and regular expressions trip over. */
const NASTY = [
  ...[
    '',
    ' ',
    '  ',
    '\0',
    '\n',
    '\r\n',
    '\t',
    '\u001b[2J',
    '\u009b31m',
    '\u007f',
    '\u2028',
    '\u202e',
    '\u061c',
  ],
  ...[
    '\ufeff',
    '\u{e0041}',
    '\ud800',
    '\ufffd',
    '$(id)',
    '`id`',
    ';',
    '|',
    "'",
    '"',
    '\\',
    '/',
    '..',
    '%',
    '[',
    ']',
  ],
  ...[
    '(',
    ')',
    '{',
    '}',
    '=',
    ':',
    ': ',
    ',',
    '-1',
    '0x7f',
    '1e9',
    '9'.repeat(40),
    'NaN',
    '__proto__',
    'a'.repeat(300),
  ],
] as const;

/** Mostly like the samples: cut, with pieces of others, and with text in it that parsers trip over. */
export function* hostileText(samples: readonly string[], count = COUNT): Generator<string> {
  const random = numbers();
  const part = (text: string): string => {
    const start = random(text.length + 1);
    return text.slice(start, start + random(text.length - start + 1));
  };
  const changesOfText: readonly ((text: string) => string)[] = [
    part,
    text => text.slice(0, random(text.length + 1)),
    text => text + part(one(random, samples)),
    text => splice(text, one(random, NASTY)),
    text => splice(text, one(random, NASTY)),
    text => splice(text, String.fromCharCode(random(0x300))),
    text => splice(text, part(one(random, samples))),
    text => text.replaceAll(one(random, [' ', ':', '=', ',', '/', '\n']), () => one(random, NASTY)),
    text =>
      Array.from({ length: random(60) }, () => String.fromCharCode(random(0x10000))).join('') + part(text),
  ];
  function splice(text: string, piece: string): string {
    const at = random(text.length + 1);
    return text.slice(0, at) + piece + text.slice(at + random(4));
  }
  for (let made = 0; made < count; made += 1) {
    let text = one(random, samples);
    for (let left = random(4); left >= 0; left -= 1) text = one(random, changesOfText)(text);
    yield text;
  }
}
