import { treeLines, visible, type Sighting } from 'ptrap';

/** Longest line of the body. */
const COLUMNS = 60;

/**
 * A sighting as a notification's summary and body; `count` is how many it stands for. The body is markup
 * (Desktop Notifications Specification) and notify-send reads backslashes in it: both are escaped.
 */
export function notification(sighting: Sighting, count: number): { summary: string; body: string } {
  const { flow, resolution } = sighting;
  const processes = resolution.status === 'resolved' ? resolution.processes : [];
  const names = processes.map(({ comm, pid }) => `${comm}[${pid}]`).join(', ');
  const more = count > 1 ? ` (${count} times)` : '';
  const summary = visible(`${names || 'unknown process'} → ${destination(flow)}${more}`);
  const lines = processes.flatMap(process => treeLines(process, { columns: COLUMNS }));
  return { summary, body: escapeMarkup(lines.join('\n')) };
}

function destination({ dst: { address, port }, family, protocol }: Sighting['flow']): string {
  const host = family === 'ipv6' && port !== undefined ? `[${address}]` : address;
  return port === undefined ? `${host}/${protocol}` : `${host}:${port}/${protocol}`;
}

function escapeMarkup(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\\': '&#92;' };
  return text.replace(/[&<>\\]/g, character => entities[character] ?? character);
}
