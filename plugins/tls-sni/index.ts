import { definePlugin } from 'ptrap';
import { z } from 'zod';
import { blindness } from '../blind.js';
import { readClientHello, type ClientHello } from './hello.js';

const NAME = 'tls-sni';

const schema = z.strictObject({});

export type Options = z.input<typeof schema>;

/** What it notes for a sighting. */
export interface Note extends ClientHello {
  /** The same for a person: the server's name. */
  text: string;
}

/**
 * Notes which server a TLS client asks for, on any tcp port, in the sighting of the packet that carries it: the one
 * after the handshake of tcp, so not with --new-connections. It needs a source that shows what packets carry:
 * nflog or queue. With Encrypted Client Hello it is the public name of the provider. Not QUIC: there the hello is encrypted.
 */
export const tlsSni = definePlugin((options: Options = {}) => {
  schema.parse(options);
  return {
    name: NAME,
    apply(trap) {
      const tellBlind = blindness(trap);
      trap.hooks.enrich.tap(NAME, (sighting, { payload }) => {
        const { protocol, tcpFlags } = sighting.flow;
        if (protocol !== 'tcp') return sighting;
        if (payload === undefined) {
          if (tcpFlags?.includes('PSH')) tellBlind(); // without it there may be nothing to see
          return sighting;
        }
        const hello = readClientHello(payload);
        if (!hello) return sighting;
        const note: Note = { ...hello, text: hello.serverName };
        return { ...sighting, notes: { ...sighting.notes, [NAME]: note } };
      });
    },
  };
});
