import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { requireTrusted } from './trust.js';

/**
 * Loads a TypeScript or JavaScript file (ESM or CommonJS) of the user's and gives its default export, or
 * what a CommonJS module exports. Wherever the file lies, `ptrap` and `ptrap/plugins` are this installation.
 * Undefined when it has no default export.
 * @throws PTRAP_E_UNTRUSTED before any of it runs; whatever the file itself throws
 */
export async function loadDefault(file: string): Promise<unknown> {
  const path = resolve(file);
  await requireTrusted(path);
  // of a folder another file would be loaded, which nobody has looked at
  if (!(await stat(path)).isFile()) throw new Error('it is no file: name the very file');
  const [{ createJiti }, ptrap, plugins] = await Promise.all([
    import('jiti'),
    import('../index.js'),
    import('../../plugins/index.js'),
  ]);
  const jiti = createJiti(import.meta.url, {
    fsCache: false,
    moduleCache: false,
    interopDefault: false,
    virtualModules: { ptrap, 'ptrap/plugins': plugins },
  });
  const loaded = await jiti.import<Record<string, unknown>>(path);
  const isEsm = '__esModule' in loaded || Object.prototype.toString.call(loaded) === '[object Module]';
  return isEsm || 'default' in loaded ? loaded['default'] : loaded;
}

/** An error's message on one line: a transpiler's goes over several, a zod error's is JSON. */
export function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    return error.issues.map(({ path, message }) => `${path.join('.') || 'options'}: ${message}`).join(', ');
  }
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().replace(/\s*\n\s*/g, ' ');
}
