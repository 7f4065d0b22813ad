const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What a duration with a unit looks like: `60ms`, `0.5s`, `2m`, `1h`, `7d`. */
export const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** Milliseconds in a duration's text; undefined for anything that is not one. A bare number is milliseconds. */
export function parseDuration(text: string): number | undefined {
  const [, number, unit] = DURATION.exec(/^[\d.]+$/.test(text) ? `${text}ms` : text) ?? [];
  const scale = units[unit ?? ''];
  return scale === undefined ? undefined : Number(number) * scale;
}
