import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const alias = [
  { find: /^ptrap\/plugins$/, replacement: here('./plugins/index.ts') },
  { find: /^ptrap\/testing$/, replacement: here('./src/testing.ts') },
  { find: /^ptrap$/, replacement: here('./src/index.ts') },
];

/** Tests that have the machine to themselves, one file after the other. */
const alone = (name: string, folder: string, timeout: number) => ({
  resolve: { alias },
  test: {
    name,
    include: [`test/${folder}/**/*.test.ts`],
    testTimeout: timeout,
    hookTimeout: timeout,
    fileParallelism: false,
  },
});

/** unit: no root, no kernel. netns: root, network namespaces on this kernel. vm: a Debian kernel in qemu. long: the same, by hand. */
export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/netns/**', 'test/vm/**', 'test/long/**'],
        },
      },
      alone('netns', 'netns', 60_000),
      alone('vm', 'vm', 600_000),
      alone('long', 'long', 1_800_000),
    ],
  },
});
