import { statSync } from 'node:fs';
import { openCgroups } from '../../src/resolve/cgroups.js';

/** Prints the path of a cgroup, which it knows the id of and no more. */
const [, , folder = ''] = process.argv;
console.log(await openCgroups('/proc').pathOf(statSync(folder, { bigint: true }).ino));
