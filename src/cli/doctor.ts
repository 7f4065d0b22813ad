import { styleText } from 'node:util';
import { examine } from '../doctor/examine.js';
import { renderReport } from '../doctor/render.js';
import { judge } from '../doctor/report.js';
import type { Asked } from './arguments.js';
import { printLines, printPainted } from './print.js';

/** Lines are no longer than this, however wide the terminal is. */
const WIDEST = 110;

/** `ptrap doctor [--json]`: what this machine offers; 3 when nothing can work. */
export async function doctorCommand({ json }: Asked<'doctor'>): Promise<number> {
  const { stdout } = process;
  if (!json && process.stderr.isTTY)
    await printLines(process.stderr, ['ptrap: trying each source and hold, this takes some seconds']);
  const report = judge(await examine());
  const style = {
    colour: styleText('bold', 'x', { stream: stdout }) !== 'x',
    columns: Math.min(stdout.columns || WIDEST, WIDEST),
  };
  await printPainted(stdout, json ? [JSON.stringify(report)] : renderReport(report, style));
  return report.best === null ? 3 : 0;
}
