// rehearse.mjs DEVICE…: which of the devices have a root qdisc that --hold-strategy root refuses, and why, as JSON.
import { openRehearsal } from '../../../build/src/hold/rehearse.js';

const refused = {};
const rehearsal = openRehearsal('ptrapscratch', 'rehearsal');
for (const device of process.argv.slice(2)) {
  await rehearsal.snapshotOf(device).catch(error => (refused[device] = error.message));
}
await rehearsal[Symbol.asyncDispose]();
console.log(JSON.stringify(refused));
process.exit();
