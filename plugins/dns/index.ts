import { definePlugin } from 'ptrap';
import { z } from 'zod';
import { blindness } from '../blind.js';
import { questionsOf, type Question } from './questions.js';

const NAME = 'dns';

const schema = z.strictObject({
  /** Destination ports on which DNS is spoken. Default 53. */
  ports: z.array(z.int().min(1).max(65_535)).min(1).default([53]),
});

export type Options = z.input<typeof schema>;

/** What it notes for a sighting. */
export interface Note {
  questions: Question[];
  /** The same for a person: `example.org A`. */
  text: string;
}

/**
 * Notes what a DNS query asks for. It needs a source that shows what packets carry: nflog or queue. Queries only: what
 * a name server on this machine answers, it was asked by another. Over tcp, what one segment holds whole.
 */
export const dns = definePlugin((options: Options = {}) => {
  const ports = new Set(schema.parse(options).ports);
  return {
    name: NAME,
    apply(trap) {
      const tellBlind = blindness(trap);
      trap.hooks.enrich.tap(NAME, (sighting, { payload }) => {
        const { protocol, dst } = sighting.flow;
        if (!ports.has(dst.port ?? 0) || !['udp', 'tcp'].includes(protocol)) return sighting;
        if (payload === undefined) {
          tellBlind();
          return sighting;
        }
        const questions = questionsOf(payload, protocol);
        if (questions.length === 0) return sighting;
        const text = questions.map(({ name, type }) => `${name} ${type}`).join(', ');
        return { ...sighting, notes: { ...sighting.notes, [NAME]: { questions, text } satisfies Note } };
      });
    },
  };
});
