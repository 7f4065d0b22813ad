/** What a text may be to `--netns`, before it is looked up. Pure. */

/** A container may be named by the beginning of its id, as its engine shows it. */
const SHORTEST_ID = 12;

/** A path is opened as it is; a name is looked for among those of ip-netns(8), then among containers. */
export type NetnsName = { path: string } | { name: string };

/** Reads what a user gave; undefined for what can name nothing, or what an engine would take for an option. */
export function parseNetnsName(text: string): NetnsName | undefined {
  if (text === '' || text.startsWith('-') || text.includes('\0')) return undefined;
  if (text.includes('/')) return { path: text };
  return /^\d+$/.test(text) ? { path: `/proc/${text}/ns/net` } : { name: text };
}

/** Whether a container, as its cgroup calls it, is the one of that name. */
export function isContainer(container: string | null, name: string): boolean {
  return (
    container === name ||
    (name.length >= SHORTEST_ID && /^[0-9a-f]+$/.test(name) && !!container?.startsWith(name))
  );
}
