/** What every sender sends to: the far end of the namespace's veth (test/netns/namespace.ts), udp and tcp. */
export const TARGET = { address: '10.77.0.2', port: 53, from: '10.77.0.1', device: 'wan' } as const;
