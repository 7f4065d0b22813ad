import { describe, expect, it } from 'vitest';
import { treeLines } from '../../src/report/tree.js';
import { dig } from '../fixtures/report/events.js';

describe('treeLines', () => {
  it('draws the ancestors, oldest first, and the process last', () => {
    expect(treeLines(dig)).toEqual([
      'systemd[1] /sbin/init',
      '└─ bash[990] bash /etc/cron.daily/report',
      '   └─ dig[991] dig example.org',
    ]);
  });

  it('draws siblings and children, and marks the process among them', () => {
    const tree = treeLines(dig, {
      siblings: [{ pid: 985, comm: 'sleep', argv: ['sleep', '5'] }],
      children: [
        { pid: 993, comm: 'kworker', argv: [] },
        { pid: 994, comm: 'sh', argv: ['sh', '-c', 'echo hi'] },
      ],
    });
    expect(tree).toEqual([
      'systemd[1] /sbin/init',
      '└─ bash[990] bash /etc/cron.daily/report',
      '   ├─ sleep[985] sleep 5',
      '   └▶ dig[991] dig example.org',
      '      ├─ kworker[993]',
      "      └─ sh[994] sh -c 'echo hi'",
    ]);
  });

  it('shows control characters, wherever they are', () => {
    const hostile = { ...dig, comm: '\u001b[2Jx', argv: ['a\nb', '\u202etxt'], ancestors: [] };
    expect(treeLines(hostile)).toEqual(["\\x1b[2Jx[991] 'a\\x0ab' \\u{202e}txt"]);
  });

  it('cuts lines to the width', () => {
    expect(treeLines(dig, { columns: 12 })).toEqual(['systemd[1] …', '└─ bash[990…', '   └─ dig[9…']);
    expect(treeLines({ ...dig, argv: ['x'.repeat(5000)] }).at(-1)).toHaveLength(160);
  });
});
