import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

// npm run build: what runs goes into dist, in few files: node takes longer to find 500 than to run them.

/** Programs, each a process or a thread of its own, and what others import (package.json, exports). */
const ENTRIES = [
  'src/cli.ts',
  'src/guard.ts',
  'src/doctor/prober.ts',
  'src/match/queue-keeper.ts',
  'src/match/audit/probe-thread.ts',
  'src/index.ts',
  'src/register.ts',
  'src/testing.ts',
  'plugins/index.ts',
];
/** Binaries, what is optional, and what is large and seldom needed: loaded from where npm has put them. */
const FROM_NPM = ['netlink', 'koffi', 'jiti', 'typescript', '@opentelemetry/*'];

const { metafile } = await build({
  entryPoints: ENTRIES,
  outdir: 'dist',
  outbase: '.',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: FROM_NPM,
  // CommonJS packages call it
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  metafile: true,
  logLevel: 'warning',
});

for (const path of readdirSync('dist', { recursive: true, encoding: 'utf8' }))
  if (path.endsWith('.js') && !(`dist/${path}` in metafile.outputs)) rmSync(`dist/${path}`); // of a build before

/** `node_modules/execa/index.js` → `execa` */
const packageOf = (input: string): string | undefined =>
  /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];

const bundled = [...new Set(Object.keys(metafile.inputs).map(packageOf))].filter(name => name !== undefined);

/** The licence of a package, as its authors want it kept with copies. */
function notice(name: string): string {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as {
    version: string;
    license: string;
  };
  const file = readdirSync(folder).find(entry => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? license : readFileSync(`${folder}/${file}`, 'utf8').trim();
  return `${name} ${version} (${license})\n\n${text}\n`;
}

writeFileSync(
  'dist/NOTICES.txt',
  bundled
    .sort()
    .map(notice)
    .join(`\n${'-'.repeat(80)}\n\n`),
);
