/** Examples in `ptrap --help`: command line and what it does. */
export const examples: [string, string][] = [
  ['ptrap watch 192.168.1.1:53/udp', 'who asks this name server?'],
  ['ptrap watch example.org:443 10.0.0.0/8', 'several targets at once'],
  ['ptrap :25/tcp --count 1 --output json', 'the first that talks to any mail server, as JSON'],
  ['ptrap -u -i 192.168.1.1 -p 53 -e "pstree -p -H"', 'run a command for each sighting'],
  ['ptrap 10.0.0.0/8 --for 10m --fail-on-match', 'fail a build that calls out'],
];

export const epilogue = `Exit codes:
  0   stopped as asked: by a signal, --count or --for
  1   failed while running
  2   the command line or the config is wrong
  3   a tool, kernel feature or privilege is missing
  10  --fail-on-match, and something was seen`;
