import type { Ancestor, ProcessInfo } from '../events.js';
import { visible } from '../sys/text.js';

/** Longest line where no width is given. */
const DEFAULT_COLUMNS = 160;

/** What a process tree may show beside the process and its ancestors. */
export interface TreeOptions {
  /** Lines are cut to this many characters. Default 160. */
  columns?: number;
  /** Other children of the process's parent. */
  siblings?: readonly Ancestor[];
  /** Children of the process. */
  children?: readonly Ancestor[];
}

/**
 * A process and its ancestors as lines of text, the oldest first, each one step further in. The process
 * itself comes after its siblings and before its children, and is marked where any are given; else it is the
 * last line. Control characters are escaped.
 */
export function treeLines(process: ProcessInfo, options: TreeOptions = {}): string[] {
  const { columns = DEFAULT_COLUMNS, siblings = [], children = [] } = options;
  const ancestors = [...process.ancestors].reverse();
  const depth = ancestors.length;
  const fork = siblings.length + children.length > 0 ? '└▶ ' : '└─ ';
  const lines = [
    ...ancestors.map((ancestor, level) => branch(level, '└─ ') + label(ancestor)),
    ...siblings.map(sibling => branch(depth, '├─ ') + label(sibling)),
    branch(depth, fork) + label(process),
    ...children.map((child, index) => {
      return branch(depth + 1, index === children.length - 1 ? '└─ ' : '├─ ') + label(child);
    }),
  ];
  return lines.map(line => cut(line, columns));
}

/** The first level has no branch; every other is drawn below the name above it. */
function branch(level: number, fork: string): string {
  return level === 0 ? '' : ' '.repeat((level - 1) * 3) + fork;
}

/** A process by its name, pid and command line. */
export function label({ comm, pid, argv }: Ancestor): string {
  const command = visible(argv.map(quoted).join(' '));
  const name = visible(`${comm}[${pid}]`);
  return command === '' || command === visible(comm) ? name : `${name} ${command}`;
}

/** An argument with spaces in quotes, so that one can see where it ends. */
function quoted(argument: string): string {
  return argument === '' || /[\s'"]/.test(argument) ? `'${argument}'` : argument;
}

/** The line, or as much of it as fits and an ellipsis. */
export function cut(line: string, columns = DEFAULT_COLUMNS): string {
  const characters = [...line];
  return characters.length <= columns ? line : `${characters.slice(0, Math.max(1, columns) - 1).join('')}…`;
}
