import tseslint from 'typescript-eslint';

/** The stages of the pipeline, in order. A stage may import leaves, and only the types of the stages before it. */
const stages = ['target', 'rules', 'hold', 'match', 'resolve', 'report', 'plugin'];

const stageRules = stages.map((stage, index) => ({
  files: [`src/${stage}/**/*.ts`],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: stages.filter(other => other !== stage).map(other => `../${other}/*`),
            allowTypeImports: index > 0,
            message: `src/${stage} may import only types from earlier stages; what two stages need belongs in a leaf, what joins them in src/run.ts.`,
          },
          {
            group: [
              '../run.js',
              '../cli.js',
              '../cli/*',
              '../index.js',
              '../../plugins/*',
              'ptrap',
              'ptrap/*',
            ],
            message: 'A stage knows nothing above it.',
          },
          { group: ['execa'], message: 'Commands are run through src/sys/exec.ts only.' },
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['build/', 'dist/', 'dist-deb/', '.cache/', 'test/fixtures/'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: false }],
      '@typescript-eslint/no-misused-promises': 'error',
      // functions here close over their state and never use `this`
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-control-regex': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'prefer-const': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-process-exit': 'off',
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ group: ['execa'], message: 'Commands are run through src/sys/exec.ts only.' }] },
      ],
    },
  },
  ...stageRules,
  { files: ['src/sys/exec.ts'], rules: { '@typescript-eslint/no-restricted-imports': 'off' } },
  {
    files: ['plugins/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['**/src/**', '../src/*', '../../src/*'],
              message: "A plugin imports nothing of ptrap's but the public API: 'ptrap'.",
            },
          ],
        },
      ],
    },
  },
  { files: ['eslint.config.js', 'test/**/*.mjs'], extends: [tseslint.configs.disableTypeChecked] },
);
