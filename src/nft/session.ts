import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { failure, type PtrapError } from '../errors.js';
import { missing, start, traceLine, type Child } from '../sys/exec.js';

/** One object of nft's JSON output (libnftables-json(5)): a single key that names its kind. */
export type NftObject = Record<
  string,
  { family: string; table?: string; chain?: string; name?: string; handle?: number; comment?: string }
>;

/** What one transaction answered. */
export interface NftAnswer {
  /** The objects that were added, but for tables, with the handles that the kernel gave them. */
  added: NftObject[];
  /** What the listing showed after it. */
  listed: NftObject[];
}

/**
 * The one nft child that owns this instance's tables (`flags owner`). The kernel removes them when the child ends,
 * and the child ends at end-of-file on its stdin: so they go with ptrap, whatever ends it.
 */
export interface NftSession extends AsyncDisposable {
  /**
   * Runs the commands as one transaction, new tables ahead of it, then lists.
   * @throws PTRAP_E_NFT with nft's own words when the transaction was refused or the child has ended
   */
  transaction(commands: readonly string[], list?: string): Promise<NftAnswer>;
  /**
   * Deletes a table and looks whether it has gone.
   * @throws PTRAP_E_NFT when it is still there
   */
  deleteTable(family: string, name: string): Promise<void>;
  /** Settles when the child ends though nobody asked it to: the rules have gone with it. */
  readonly ended: Promise<PtrapError>;
}

interface Pending {
  answer: NftAnswer;
  resolve(answer: NftAnswer): void;
  reject(error: Error): void;
}

/** How long nft may take to answer, or to end, in ms. */
const PATIENCE = 30_000;

/** A listing that is as good as empty, and shows no table: see linesOf. */
const LIST_NOTHING = 'list chains arp';

/**
 * Starts the owning child.
 * @throws PTRAP_E_NFT_MISSING when there is no nft
 */
export async function openNft(): Promise<NftSession> {
  // -i keeps it (and so the tables) alive, -e -a -j echo what was added as JSON with handles
  const child = start('nft', ['-i', '-e', '-a', '-j']);
  await once(child, 'spawn').catch(() => {
    throw missing('nft');
  });
  return sessionOver(child);
}

function sessionOver(child: Child): NftSession {
  const queue: Pending[] = [];
  let errorText = '';
  let closing = false;

  createInterface({ input: child.stdout }).on('line', line => {
    const objects = parseLine(line);
    if (!objects) return;
    traceLine(`  nft: ${line}`);
    const pending = queue[0];
    if (!pending) return;
    // every listing begins with metainfo, no echo does: it ends the answer
    if ('metainfo' in (objects[0] ?? {})) {
      queue.shift();
      pending.resolve({ ...pending.answer, listed: objects.slice(1) });
    } else {
      const added = objects.map(object => Object.values(object)[0] as unknown as NftObject);
      pending.answer.added.push(...added.filter(object => !('table' in object)));
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errorText += text;
    traceLine(`  nft: ${text.trimEnd()}`);
  });
  child.stdin.on('error', () => traceLine('  nft: stdin closed'));

  const ended = new Promise<PtrapError>(resolve => {
    child.once('exit', (code, signal) => {
      const error = failure('PTRAP_E_NFT', errorText.trim() || `it ended (${signal ?? code})`);
      for (const pending of queue.splice(0)) pending.reject(error);
      if (!closing) resolve(error);
    });
  });

  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;

  async function transaction(commands: readonly string[], list = LIST_NOTHING): Promise<NftAnswer> {
    errorText = '';
    const lines = linesOf(commands);
    for (const line of lines) traceLine(`nft> ${line}`);
    const answer = await new Promise<NftAnswer>((resolve, reject) => {
      if (hasEnded()) {
        reject(failure('PTRAP_E_NFT', errorText.trim() || 'its child has ended'));
        return;
      }
      queue.push({ answer: { added: [], listed: [] }, resolve, reject });
      setTimeout(reject, PATIENCE, failure('PTRAP_E_NFT', 'no answer')).unref();
      child.stdin.write([...lines, list, ''].join('\n'));
    });
    if (/^(add|insert) /.test(lines[0] ?? '') && answer.added.length === 0)
      throw failure('PTRAP_E_NFT', await refusal());
    return answer;
  }

  async function deleteTable(family: string, name: string): Promise<void> {
    if (hasEnded()) return; // and the kernel has removed its tables
    const { listed } = await transaction([`delete table ${family} ${name}`], `list chains ${family}`);
    if (listed.some(({ chain }) => chain?.table === name)) throw failure('PTRAP_E_NFT', await refusal());
  }

  /** nft wrote its reason before the listing, but stderr is another pipe: it may be read a moment later. */
  async function refusal(): Promise<string> {
    for (let tries = 0; errorText === '' && tries < 20; tries += 1)
      await new Promise(next => setTimeout(next, 5));
    return errorText.trim().split('\n')[0] ?? 'refused';
  }

  async function close(): Promise<void> {
    closing = true;
    if (hasEnded()) return;
    const exit = once(child, 'exit');
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    await exit;
    clearTimeout(timer);
  }

  return { transaction, deleteTable, ended, [Symbol.asyncDispose]: close };
}

/**
 * Up to 1.0.7, nft prints the flags of a table as JSON out of freed memory: garbage at best, and often the output ends
 * there. So no listing may show a table, and tables are added ahead, by a line of their own whose echo may be lost;
 * nothing happens in them before the transaction that fills them.
 */
function linesOf(commands: readonly string[]): string[] {
  const isTable = (command: string): boolean => command.startsWith('add table ');
  const rest = commands.filter(command => !isTable(command));
  return [...commands.filter(isTable), rest.join('; ')];
}

function parseLine(line: string): NftObject[] | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return (JSON.parse(line) as { nftables: NftObject[] }).nftables;
  } catch {
    return undefined; // the echo of a table
  }
}
