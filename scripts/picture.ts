import { text } from 'node:stream/consumers';
import { writeFile } from 'node:fs/promises';
import { picture } from './docs/picture.js';

// What a terminal shows as a picture for docs/images:
//   tmux capture-pane -e -p | tsx scripts/picture.ts 'ptrap doctor' docs/images/doctor.svg

const [title = '', file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: … | tsx scripts/picture.ts TITLE FILE.svg');
await writeFile(file, picture(await text(process.stdin), title));
