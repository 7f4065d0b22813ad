/** How a run of characters looks. */
interface Look {
  colour: string;
  isBold: boolean;
  isDim: boolean;
  isInverse: boolean;
}

interface Run extends Look {
  text: string;
}

const PAPER = '#1e1f29';
const INK = '#e6e6e6';
/** The sixteen colours, in the order of SGR 30 to 37 and 90 to 97. */
const COLOURS = [
  ['#3b3d4f', '#ff6b6b', '#69db7c', '#ffd43b', '#74a7ff', '#e599f7', '#66d9e8', INK],
  ['#868e96', '#ff8787', '#8ce99a', '#ffe066', '#91bbff', '#eebefa', '#99e9f2', '#ffffff'],
] as const;
const PLAIN: Look = { colour: INK, isBold: false, isDim: false, isInverse: false };

/** In px. */
const SIZE = { font: 14, column: 8.43, line: 19, margin: 16, bar: 30 };

/** A picture (SVG) of a terminal that shows `text`, with its colours (ECMA-48, SGR), under a bar with a title. */
export function picture(text: string, title: string): string {
  const lines = text.replace(/\n+$/, '').split('\n');
  const longest = Math.max(title.length, ...lines.map(line => line.replaceAll(SEQUENCE, '').length));
  const width = Math.ceil(longest * SIZE.column + 2 * SIZE.margin);
  const height = SIZE.bar + lines.length * SIZE.line + 2 * SIZE.margin;
  let look = PLAIN;
  const rows = lines.map((line, index) => {
    const { runs, after } = runsOf(line, look);
    look = after;
    const y = SIZE.bar + SIZE.margin + (index + 0.75) * SIZE.line;
    return `<text x="${SIZE.margin}" y="${y}" xml:space="preserve">${runs.map(span).join('')}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${SIZE.font}" fill="${INK}">`,
    `<rect width="${width}" height="${height}" rx="8" fill="${PAPER}"/>`,
    `<text x="${width / 2}" y="20" text-anchor="middle" fill="${COLOURS[1][0]}">${escaped(title)}</text>`,
    ...rows,
    '</svg>\n',
  ].join('\n');
}

const SEQUENCE = /\x1b\[([\d;]*)m/g;

function runsOf(line: string, before: Look): { runs: Run[]; after: Look } {
  const runs: Run[] = [];
  let [look, at] = [before, 0];
  for (const match of line.matchAll(SEQUENCE)) {
    runs.push({ ...look, text: line.slice(at, match.index) });
    look = (match[1] ?? '').split(';').map(Number).reduce(changed, look);
    at = match.index + match[0].length;
  }
  runs.push({ ...look, text: line.slice(at) });
  return { runs: runs.filter(({ text }) => text !== ''), after: look };
}

/** @see ECMA-48, SGR (Select Graphic Rendition) */
function changed(look: Look, code: number): Look {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...look, isBold: true };
  if (code === 2) return { ...look, isDim: true };
  if (code === 7) return { ...look, isInverse: true };
  if (code === 22) return { ...look, isBold: false, isDim: false };
  if (code === 27) return { ...look, isInverse: false };
  if (code === 39) return { ...look, colour: INK };
  const colour = COLOURS[code >= 90 ? 1 : 0][code % 10];
  return colour !== undefined && [3, 9].includes(Math.floor(code / 10)) ? { ...look, colour } : look;
}

function span({ text, colour, isBold, isDim, isInverse }: Run): string {
  const marks = [
    ...(colour === INK ? [] : [`fill="${colour}"`]),
    ...(isBold ? ['font-weight="bold"'] : []),
    ...(isDim ? ['fill-opacity="0.6"'] : []),
    ...(isInverse ? ['text-decoration="underline"'] : []),
  ];
  const inside = escaped(text);
  return marks.length === 0 ? inside : `<tspan ${marks.join(' ')}>${inside}</tspan>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
