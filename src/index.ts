export { defineConfig } from './config/define.js';
export type { Config } from './config/options.js';
export type {
  Ancestor,
  Event,
  Flow,
  Grade,
  ProcessInfo,
  Ready,
  Resolution,
  Sender,
  Sighting,
  Summary,
  UnresolvedReason,
} from './events.js';
export type { HookContext, Hooks, Match, Plugin, PluginFailure, PluginLimits, Trap } from './hooks.js';
export { definePlugin } from './plugin/define.js';
export { jsonLine } from './report/json.js';
export { treeLines, type TreeOptions } from './report/tree.js';
export { nearest } from './sys/nearest.js';
export { visible } from './sys/text.js';
export { findUser, type User } from './sys/user.js';
export { watch, type WatchOptions } from './watch.js';
