/** What a client says of the server that it wants, before anything is encrypted. */
export interface ClientHello {
  /** As it was sent: RFC 6066 asks for ASCII, other bytes are taken for Latin-1. */
  serverName: string;
  /** Protocols offered by ALPN (RFC 7301), the preferred first. */
  alpn?: string[];
}

/** Most bytes that are looked at. */
const MAX_BYTES = 4096;

/** Longest host name, RFC 1035 section 2.3.4. */
const MAX_NAME = 255;

/** TLS content type, handshake type and extension types, RFC 8446 sections 5.1, 4 and 4.2. */
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;

/** Reads from the front. Beyond the end numbers are NaN and vectors are empty, and so is all that follows. */
function reader(bytes: Uint8Array) {
  let at = 0;
  const number = (size: number): number => {
    let value = 0;
    for (let index = 0; index < size; index += 1) value = value * 256 + (bytes[at + index] ?? NaN);
    at += size;
    return value;
  };
  /** A vector after its length of `size` bytes, as far as it is there. */
  const part = (size: number): Uint8Array => {
    const start = at + size;
    at = start + number(size);
    return bytes.subarray(start, at);
  };
  /** The same, or undefined where its end is cut off. */
  const whole = (size: number): Uint8Array | undefined => {
    const vector = part(size);
    return at <= bytes.length ? vector : undefined;
  };
  return { number, part, whole, isAtEnd: () => !(at < bytes.length) };
}

/**
 * The server name in the ClientHello with which a tcp segment begins; undefined where there is none, or it lies beyond
 * the segment's end. The segment may be cut anywhere. Never throws.
 */
export function readClientHello(segment: Uint8Array): ClientHello | undefined {
  const handshake = reader(handshakeOf(segment.subarray(0, MAX_BYTES)));
  if (handshake.number(1) !== CLIENT_HELLO) return undefined;
  const hello = reader(handshake.part(3));
  hello.number(2 + 32); // version, random
  hello.part(1); // session
  hello.part(2); // cipher suites
  hello.part(1); // compression methods
  const extensions = reader(hello.part(2));
  let serverName: string | undefined;
  let alpn: string[] | undefined;
  while (!extensions.isAtEnd()) {
    const type = extensions.number(2);
    const data = extensions.whole(2);
    if (data && type === SERVER_NAME) serverName ??= hostNameOf(data);
    if (data && type === ALPN) alpn ??= protocolsOf(data);
  }
  return serverName === undefined ? undefined : { serverName, ...(alpn && { alpn }) };
}

/** What the handshake records at the front carry; a message may be split among them. */
function handshakeOf(segment: Uint8Array): Uint8Array {
  const records = reader(segment);
  const fragments: Uint8Array[] = [];
  while (!records.isAtEnd() && records.number(1) === HANDSHAKE && records.number(2) >> 8 === 3) {
    fragments.push(records.part(2));
  }
  return Buffer.concat(fragments);
}

function hostNameOf(data: Uint8Array): string | undefined {
  const list = reader(reader(data).whole(2) ?? new Uint8Array());
  const isHostName = list.number(1) === 0;
  const name = list.whole(2);
  return isHostName && name && name.length > 0 && name.length <= MAX_NAME ? latin1(name) : undefined;
}

function protocolsOf(data: Uint8Array): string[] | undefined {
  const list = reader(reader(data).whole(2) ?? new Uint8Array());
  const protocols: string[] = [];
  while (!list.isAtEnd()) {
    const protocol = list.whole(1);
    if (!protocol?.length) return undefined;
    protocols.push(latin1(protocol));
  }
  return protocols.length > 0 ? protocols : undefined;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
