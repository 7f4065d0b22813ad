/** Text as roff takes it: its own characters, and a dash that can be searched for and pasted. */
export function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/['^~`]/g, character => marks[character] ?? character)
    .replace(/^\./gm, '\\&.');
}

/** groff sets these as typographic ones otherwise. */
const marks: Record<string, string> = { "'": '\\(aq', '^': '\\(ha', '~': '\\(ti', '`': '\\(ga' };

export const bold = (text: string): string => `\\fB${escaped(text)}\\fR`;

export const italic = (text: string): string => `\\fI${escaped(text)}\\fR`;

/** A heading and what stands below it; parts are roff. */
export const section = (name: string, ...parts: string[]): string =>
  [`.SH ${name.toUpperCase()}`, ...parts].join('\n');

export const subsection = (name: string, ...parts: string[]): string =>
  [`.SS "${escaped(name)}"`, ...parts].join('\n');

/** A term and, indented below it, what it means; both are roff. */
export const entry = (term: string, meaning: string): string => `.TP\n${term}\n${meaning}`;

/** Lines as they are, such as commands. */
export const verbatim = (lines: readonly string[]): string =>
  ['.PP', '.nf', '.RS', ...lines.map(escaped), '.RE', '.fi'].join('\n');

export const paragraph = (text: string): string => `.PP\n${text}`;
