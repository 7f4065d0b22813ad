import { failure } from '../errors.js';
import { ownPackage } from '../sys/own-package.js';
import type { Files } from './files.js';

/**
 * The files of a plugin of that name: the plugin, its test, and what npm needs to know.
 * @throws PTRAP_E_INIT_NAME
 */
export function pluginFiles(name: string): Files {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) throw failure('PTRAP_E_INIT_NAME', name);
  return {
    'index.ts': pluginText(name),
    'index.test.ts': testText(name),
    'package.json': packageText(name),
    'tsconfig.json': TSCONFIG,
    'README.md': readmeText(name),
  };
}

/** `my-plugin` as a name of a variable. */
function variable(name: string): string {
  return `${name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())}Plugin`;
}

function pluginText(name: string): string {
  return `import { definePlugin, visible, type Sighting } from 'ptrap';

/** What a config may say: ['${name}', { mark: '?' }]. */
interface Options {
  /** What each line ends with. Default "!". */
  mark?: string;
}

const NAME = '${name}';

/** Prints a line for each process that was seen. */
const ${variable(name)} = definePlugin((options: Options = {}) => ({
  name: NAME,
  apply(trap) {
    trap.hooks.report.tap(NAME, sighting => {
      for (const line of lines(sighting)) trap.print(line + (options.mark ?? '!'));
    });
  },
}));

export default ${variable(name)};

function lines({ resolution, flow }: Sighting): string[] {
  if (resolution.status === 'unresolved') return [];
  // what comes from a process is data: visible() shows control characters instead of sending them to the terminal
  return resolution.processes.map(({ comm }) => \`\${visible(comm)} talks to \${flow.dst.address}\`);
}
`;
}

function testText(name: string): string {
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testPlugin } from 'ptrap/testing';
import ${variable(name)} from './index.js';

test('prints a line for each process', async t => {
  const plugin = await testPlugin(${variable(name)}({ mark: '?' }));
  t.after(() => plugin[Symbol.asyncDispose]());
  await plugin.show({ process: { comm: 'curl' }, flow: { dst: { address: '203.0.113.7', port: 443 } } });
  assert.deepEqual(plugin.printed, ['curl talks to 203.0.113.7?']);
  assert.deepEqual(plugin.failures, []);
});

test('is silent when nobody can be named', async t => {
  const plugin = await testPlugin(${variable(name)}());
  t.after(() => plugin[Symbol.asyncDispose]());
  await plugin.show({ resolution: { status: 'unresolved', reason: 'exited', latencyMs: 1 } });
  assert.deepEqual(plugin.printed, []);
});
`;
}

function packageText(name: string): string {
  const { version } = ownPackage();
  const content = {
    name: `ptrap-plugin-${name}`,
    version: '0.1.0',
    description: 'A plugin for ptrap',
    keywords: ['ptrap-plugin'],
    license: 'MIT',
    type: 'module',
    exports: './index.ts',
    files: ['index.ts'],
    scripts: { test: 'node --import ptrap/register --test index.test.ts' },
    peerDependencies: { ptrap: `>=${version}` },
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** For editors, and for \`npx -p typescript tsc\`. */
const TSCONFIG = `{
  "compilerOptions": {
    "target": "es2022",
    "lib": ["es2023", "esnext.disposable"],
    "module": "nodenext",
    "strict": true,
    "noEmit": true,
    "skipLibCheck": true
  }
}
`;

function readmeText(name: string): string {
  return `# ptrap-plugin-${name}

A plugin for [ptrap](https://www.npmjs.com/package/ptrap), which tells which process sends packets to an address.

    npm test                                                 # without root
    sudo ptrap watch 192.168.1.1:53/udp --plugin ./${name}   # from the folder above this one

Once it is published and installed (\`npm install -g ptrap-plugin-${name}\`), \`--plugin ${name}\` finds it.

| option | meaning                  | default |
| ------ | ------------------------ | ------- |
| \`mark\` | what each line ends with | \`!\`     |
`;
}
