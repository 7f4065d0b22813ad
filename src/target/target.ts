/** An address block; a single address has the full prefix (32 or 128). */
export interface Network {
  family: 'ipv4' | 'ipv6';
  /** First address of the block, canonical text. */
  address: string;
  /** Length of the prefix in bits. */
  prefix: number;
}

/** Where the packets go: anywhere, into a network, or to whatever a name resolves to. */
export type Host = { kind: 'any' } | { kind: 'network'; network: Network } | { kind: 'name'; name: string };

/** Destination ports, both ends included. */
export interface PortRange {
  from: number;
  to: number;
}

/** What one target text asks for. */
export interface Target {
  /** Canonical text, as events carry it. */
  text: string;
  host: Host;
  /** Absent: any port. */
  ports?: PortRange;
  /** Names or decimal numbers. */
  protocols: readonly string[] | 'any';
}

/** A target whose name has been looked up; `networks` is `any` for any host. */
export interface ResolvedTarget extends Target {
  networks: readonly Network[] | 'any';
  /** Of a host name: what the nft sets that hold its addresses are called, before the family; the same for each target of that name. */
  set?: string;
}
