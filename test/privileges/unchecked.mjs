// ptrap watch as the command line runs it, but for the check of what it may do: the kernel says that. Argument: a config.
import { mergeSettings } from '../../build/src/config/merge.js';
import { run } from '../../build/src/run.js';

const say = line => console.error(line);
const output = {
  event: event => console.log(JSON.stringify(event)),
  say,
  print: say,
  closed: new AbortController().signal,
};
const settings = await mergeSettings(JSON.parse(process.argv[2]), undefined, '/');
const partsOf = error => ('suppressed' in error ? [error.suppressed, error.error].flatMap(partsOf) : [error]);
await run(settings, output).catch(error => {
  for (const { message } of partsOf(error)) say(message);
  process.exitCode = 1;
});
process.exit();
