/** How long the name of a device is believed, in ms: it may be renamed. */
const BELIEVED_MS = 10_000;

/** Names of network devices by their index. */
export interface DeviceNames {
  /** The name, where it has been asked for lately. */
  known(index: number): string | undefined;
  /** The name; empty for index 0 and for a device that has gone before it was known. */
  ask(index: number): Promise<string>;
}

/** @param look tells the name that a device has now */
export function openDeviceNames(look: (index: number) => Promise<string | undefined>): DeviceNames {
  const names = new Map<number, { name: string; until: number }>([[0, { name: '', until: Infinity }]]);
  return {
    known(index) {
      const found = names.get(index);
      return found && found.until > performance.now() ? found.name : undefined;
    },
    async ask(index) {
      const name = (await look(index).catch(() => undefined)) ?? names.get(index)?.name ?? '';
      names.set(index, { name, until: performance.now() + BELIEVED_MS });
      return name;
    },
  };
}
