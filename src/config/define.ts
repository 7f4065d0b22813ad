import type { Config } from './options.js';

/** Gives a config its type: `export default defineConfig({ … })`. Returns it unchanged. */
export function defineConfig(config: Config): Config {
  return config;
}
