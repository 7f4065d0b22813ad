import { definePlugin, treeLines, type ProcessInfo, type Sighting } from 'ptrap';
import { z } from 'zod';
import { childrenOf, isAlive } from './proc.js';

const NAME = 'process-tree';

const schema = z.strictObject({
  /** Most siblings, and most children, that are shown. Default 20. */
  most: z.int().min(0).default(20),
});

export type Options = z.input<typeof schema>;

/** What it notes for a sighting. */
export interface Note {
  /** The trees of all processes, as lines. */
  tree: string[];
  /** How many children the processes have. */
  children: number;
}

/** Notes the process tree around each process: ancestors, siblings, children. */
export const processTree = definePlugin((options: Options = {}) => {
  const { most } = schema.parse(options);
  return {
    name: NAME,
    apply(trap) {
      trap.hooks.enrich.tapPromise(NAME, async sighting => {
        const families = await Promise.all(processesOf(sighting).map(process => family(process, most)));
        if (families.length === 0) return sighting;
        const note: Note = {
          tree: families.flatMap(({ tree }) => tree),
          children: families.reduce((sum, { children }) => sum + children, 0),
        };
        return { ...sighting, notes: { ...sighting.notes, [NAME]: note } };
      });
    },
  };
});

function processesOf({ resolution }: Sighting): ProcessInfo[] {
  return resolution.status === 'resolved' ? resolution.processes : [];
}

/** Relatives change while they are read: they count only while the process itself is still the same. */
async function family(process: ProcessInfo, most: number): Promise<Note> {
  const [siblings, children] = await Promise.all([
    childrenOf(process.ppid, most + 1),
    childrenOf(process.pid, most),
  ]);
  if (!(await isAlive(process))) return { tree: treeLines(process), children: 0 };
  const others = siblings.shown.filter(({ pid }) => pid !== process.pid).slice(0, most);
  const tree = treeLines(process, { siblings: others, children: children.shown });
  return { tree, children: children.total };
}
