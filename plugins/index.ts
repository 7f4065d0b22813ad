import type { Plugin } from 'ptrap';
import { dns } from './dns/index.js';
import { exec } from './exec/index.js';
import { freeze } from './freeze/index.js';
import { journal } from './journal/index.js';
import { jsonLogger } from './json-logger/index.js';
import { notifySend } from './notify-send/index.js';
import { otlp } from './otlp/index.js';
import { processTree } from './process-tree/index.js';
import { tlsSni } from './tls-sni/index.js';

export { dns, exec, freeze, journal, jsonLogger, notifySend, otlp, processTree, tlsSni };

/** The plugins that come with ptrap by their names; each takes its options and checks them (a ZodError). */
export const byName: Readonly<Record<string, (options: never) => Plugin>> = {
  dns,
  exec,
  freeze,
  journal,
  'json-logger': jsonLogger,
  'notify-send': notifySend,
  otlp,
  'process-tree': processTree,
  'tls-sni': tlsSni,
};
