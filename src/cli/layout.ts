/** A line of a table; `right` stands at the right edge, on a line of its own where there is no room. */
export interface Row {
  left: string;
  text: string;
  right?: string;
}

/** A heading and rows below it, the left column as wide as its longest text and half of `width` at the most. */
export function table(heading: string, rows: readonly Row[], width: number): string[] {
  const longest = Math.max(...rows.map(({ left }) => left.length));
  const leftWidth = Math.min(longest, Math.floor(width / 2));
  return [`${heading}:`, ...rows.flatMap(row => rowLines(row, leftWidth, width))];
}

function rowLines({ left, text, right }: Row, leftWidth: number, width: number): string[] {
  const lefts = left.length > leftWidth ? wrapWords(left, leftWidth) : [left];
  const texts = wrapWords(text, width - leftWidth - 4);
  const lines = Array.from({ length: Math.max(lefts.length, texts.length) }, (_, index) =>
    `  ${(lefts[index] ?? '').padEnd(leftWidth)}  ${texts[index] ?? ''}`.trimEnd(),
  );
  if (right === undefined) return lines;
  const last = lines.at(-1) ?? '';
  const hasRoom = last.length + right.length <= width;
  return hasRoom
    ? [...lines.slice(0, -1), last + right.padStart(width - last.length)]
    : [...lines, right.padStart(width)];
}

/** Lines of at most `width` characters; a longer word has a line of its own. */
export function wrapWords(text: string, width: number): string[] {
  const [first = '', ...words] = text.split(' ');
  const lines = [first];
  for (const word of words) {
    const longer = `${lines.at(-1)} ${word}`;
    if (longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
