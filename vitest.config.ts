import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const alias = [
  { find: /^ptrap\/plugins$/, replacement: here('./plugins/index.ts') },
  { find: /^ptrap\/testing$/, replacement: here('./src/testing.ts') },
  { find: /^ptrap$/, replacement: here('./src/index.ts') },
];

/** unit: no root, no kernel. netns: root, network namespaces on this kernel. vm: a Debian kernel in qemu. */
export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/netns/**', 'test/vm/**'] },
      },
      {
        resolve: { alias },
        test: {
          name: 'netns',
          include: ['test/netns/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'vm',
          include: ['test/vm/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
