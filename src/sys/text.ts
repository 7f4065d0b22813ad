/**
 * Text that came from a process, made safe for a terminal: control characters (C0, DEL, C1), line and
 * paragraph separators, and characters that reorder or hide what follows are shown as `\xNN` or `\u{N}`.
 */
export function visible(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    character => {
      const code = character.codePointAt(0) ?? 0;
      return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
    },
  );
}
