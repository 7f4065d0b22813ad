import { describe, expect, it } from 'vitest';
import { useStage } from './stage.js';
import { pidsOf } from './watch.js';

const stage = useStage();

const NOBODY = 'setpriv --reuid 65534 --regid 65534 --clear-groups';

/** Sends an empty message (NLMSG_NOOP) to each netlink socket of a process, and tells how that went. */
const SPEAK = `
  foreach (split /\\n/, \`cat /proc/net/netlink\`) {
    my (undef, $protocol, $port) = split;
    next unless $protocol =~ /^(0|4|11|12)$/ and $port;
    socket(my $socket, 16, 3, $protocol) or next;
    my $sent = send($socket, pack("LSSLL", 16, 1, 0, 0, 0), 0, pack("SSLL", 16, 0, $port, 0));
    print $sent ? "sent" : $!, "\\n";
  }`;

describe('a netlink message from another process', () => {
  it.each(['journal', 'nflog'])('is taken from root alone, and harms nothing: %s', async source => {
    const watch = await stage.watch(['10.77.0.2:53/udp', '--hold', 'none', '--source', source]);
    const answersTo = async (who: string): Promise<string[]> =>
      (await stage.namespace.must(`${who} perl -e '${SPEAK}'`)).trim().split('\n');
    const refused = await answersTo(NOBODY);
    expect(refused.length).toBeGreaterThan(2);
    expect(new Set(refused)).toEqual(new Set(['Operation not permitted']));
    expect(await answersTo('')).toContain('sent');
    const sender = stage.shell();
    await sender.do('exec 3<>/dev/udp/10.77.0.2/53; echo x >&3');
    await watch.sighting(found => pidsOf(found).includes(sender.pid));
    const { code, summary } = await watch.end('SIGINT');
    expect(code).toBe(0);
    expect(summary).toMatchObject({ matches: 1, resolved: 1, lost: 0 });
  });
});
