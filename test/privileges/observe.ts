import type { Capability } from '../../src/sys/requirements.js';
import type { PrivilegeCase } from './cases.js';

/** What came of a case. */
export interface Observed {
  name: string;
  /** With its capabilities and no other. */
  says: string;
  /** What came of it without one of them. */
  without: Partial<Record<Capability, string>>;
}

/** Runs a script to its end, where the case is to be tried, and gives its stdout. */
type Run = (script: string) => Promise<string>;

/** Beyond what a kernel gives to those who ask for no port. */
const FIRST_PORT = 61_000;
let trials = 0;

/** Tries a case with its capabilities, then without each that is to be dropped. */
export async function observe(
  run: Run,
  address: string,
  { name, config, capabilities, dropped }: PrivilegeCase,
): Promise<Observed> {
  const say = (given: readonly Capability[]) => tryOut(run, address, config, given);
  const without: Observed['without'] = {};
  const says = await say(capabilities);
  for (const one of dropped) without[one] = await say(capabilities.filter(other => other !== one));
  return { name, says, without };
}

async function tryOut(
  run: Run,
  address: string,
  config: object,
  given: readonly Capability[],
): Promise<string> {
  const args = [given.join(), address, String(FIRST_PORT + trials++), JSON.stringify(config)];
  const words = args.map(word => `'${word}'`).join(' ');
  const { says, stderr } = JSON.parse(await run(`node test/privileges/trial.mjs ${words}`)) as Trial;
  const code = /^PTRAP_E_\w+/m.exec(stderr)?.[0];
  return code === undefined ? says : `${says} (${code})`;
}

interface Trial {
  says: string;
  stderr: string;
}
