import type { Plugin } from 'ptrap';
import { exec } from './exec/index.js';
import { jsonLogger } from './json-logger/index.js';
import { notifySend } from './notify-send/index.js';
import { processTree } from './process-tree/index.js';

export { exec, jsonLogger, notifySend, processTree };

/** The plugins that come with ptrap by their names; each takes its options and checks them (a ZodError). */
export const byName: Readonly<Record<string, (options: never) => Plugin>> = {
  exec,
  'json-logger': jsonLogger,
  'notify-send': notifySend,
  'process-tree': processTree,
};
