/**
 * Text that came from a process, made safe for a terminal: control characters (C0, DEL, C1), line and paragraph
 * separators, and all format characters of Unicode (those that reorder or hide what follows among them) are shown as
 * `\xNN` or `\u{N}`.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, character => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** The same line by line, with tabs and line ends left as they are. Doing it twice changes nothing. */
export function harmless(text: string): string {
  return text.replace(/[^\t\n]+/g, visible);
}
