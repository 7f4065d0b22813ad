import { fields, MESSAGE_ID } from '../../plugins/journal/fields.js';
import { table } from './table.js';

/** docs/journal.md: how to ask the journal, and the fields of an entry, from plugins/journal/fields.ts. */
export function journalPage(): string {
  const rows = Object.entries(fields).map(([name, { docs }]) => [`\`${name}\``, docs]);
  return [
    '# Sightings in the journal',
    'Generated from `plugins/journal/fields.ts` by `npm run docs:gen`.',
    '    sudo ptrap watch 192.168.1.1:53/udp --plugin journal',
    'The plugin `journal` writes each sighting to the systemd journal, as an entry with fields of its own. `journalctl` finds them by these, quickly and without any pattern:',
    [
      '    journalctl -t ptrap                                     # all of them, a line each',
      '    journalctl PTRAP_DST=192.168.1.1 --since yesterday      # who talked to it',
      '    journalctl PTRAP_UNIT=cron.service PTRAP_DST_PORT=443   # both must hold',
      '    journalctl PTRAP_USER=alice PTRAP_USER=bob              # either',
      '    journalctl -F PTRAP_EXE                                 # every program that was seen',
      '    journalctl -t ptrap -a -o cat --output-fields=PTRAP_SIGHTING | jq .resolution',
    ].join('\n'),
    'On a machine that collects the journals of others (systemd-journal-upload, systemd-journal-remote), add `--merge` or `--directory`; `_HOSTNAME` tells whose it is.',
    '## ptrap events',
    [
      '    ptrap events --since yesterday                      # each sighting, as watch shows it',
      '    ptrap events 192.168.1.1:53/udp 10.0.0.0/8          # to these targets',
      '    ptrap events --exe dig --user alice --output json   # of a program and a user, as events',
      '    ptrap events --since today --summary                # who talked to what, how often, first and last seen',
      '    ptrap events --merge --host web-1 --output csv      # of one machine, where the journals of many are gathered',
      '    ptrap events -f                                     # and go on',
    ].join('\n'),
    'It reads `PTRAP_SIGHTING` of what root has written, and needs root no more than `journalctl` does. A target with a host name is found by what the name stands for now, and by what was watched under that name. Events have one field more, `host`.',
    '## The fields',
    'A field that nothing is known of is not there. One that concerns a process is there once for each process that holds the socket.',
    table(
      ['field', 'what it holds'],
      [
        ['`MESSAGE`', 'the sighting in a line, for a person'],
        ['`PRIORITY`', '6 (info), or what the option `priority` says'],
        ['`SYSLOG_IDENTIFIER`', '`ptrap`'],
        ['`MESSAGE_ID`', `\`${MESSAGE_ID}\``],
        ...rows,
        ['`PTRAP_SIGHTING`', 'the whole sighting, as `--output json` prints it ([events.md](events.md))'],
        ['`PTRAP_LEFT_OUT`', 'what `PTRAP_SIGHTING` lacks, in words, where the whole was too long'],
      ],
    ),
    'Values are what was seen, whatever is in them: `journalctl` escapes control characters on a terminal. They travel in the binary form of [the protocol](https://systemd.io/JOURNAL_NATIVE_PROTOCOL/), so no name can end its field and begin another. A value is cut after 4096 bytes. `journalctl -o json` shows no value of more than 4096 bytes unless `--all` is given.',
    'Anyone may write an entry with such fields. What root has written bears `_UID=0`, which journald itself adds: `journalctl -t ptrap _UID=0`.',
    '## Options',
    "    journal({ priority: 'notice', socket: '/run/systemd/journal.audit/socket' })",
    '`priority` is one of `emerg`, `alert`, `crit`, `err`, `warning`, `notice`, `info`, `debug`; `socket` is where journald listens, another one for a log namespace (`systemd-journald@audit.service`). Without journald the plugin says so once, counts what is not written, and says that when journald is there again. journald itself takes 10,000 entries of a service in 30 s (`RateLimitBurst=` of journald.conf(5)) and notes how many it dropped.',
  ].join('\n\n');
}
