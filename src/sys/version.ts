/** Whether dotted version `found` comes before `needed`: `isOlder('18.20.4', '20.19.0')`. */
export function isOlder(found: string, needed: string): boolean {
  const [a, b] = [found, needed].map(version => version.split('.').map(Number)) as [number[], number[]];
  const at = b.findIndex((number, index) => number !== (a[index] ?? 0));
  return at !== -1 && (a[at] ?? 0) < (b[at] ?? 0);
}
