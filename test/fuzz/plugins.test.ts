import { Writable } from 'node:stream';
import { describe } from 'vitest';
import { questionsOf } from '../../plugins/dns/questions.js';
import { readClientHello } from '../../plugins/tls-sni/hello.js';
import { openOutput } from '../../src/report/output.js';
import { recorded } from '../plugins/hostile.js';
import { fuzz, must } from './fuzz.js';
import { hostileBytes, hostileText } from './generator.js';

const queries = ['query-node-aaaa', 'query-node-srv', 'query-dig-https'].map(recorded);
const hellos = ['hello-curl', 'hello-node', 'hello-openssl', 'hello-node-without-name'].map(recorded);

describe('what packets carry', () => {
  fuzz(
    'questionsOf, udp',
    () => hostileBytes(queries),
    payload => areQuestions(payload, 'udp'),
  );

  fuzz(
    'questionsOf, tcp',
    () => hostileBytes([recorded('query-dig-tcp-mx'), ...queries.map(withLength)]),
    payload => areQuestions(payload, 'tcp'),
  );

  fuzz(
    'readClientHello',
    () => hostileBytes(hellos),
    segment => {
      const hello = readClientHello(segment);
      if (!hello) return false;
      const { serverName, alpn = ['h2'] } = hello;
      must(serverName.length > 0 && serverName.length <= 255, 'no name');
      must(alpn.length > 0 && alpn.every(name => name !== '' && name.length <= 255), 'no protocol');
      must(segment.includes(Buffer.from(serverName, 'latin1')), 'a name that was not there');
      return true;
    },
  );
});

function withLength(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

function areQuestions(payload: Buffer, protocol: string): boolean {
  const questions = questionsOf(payload, protocol);
  must(questions.length <= 8, 'too many questions');
  for (const { name, type } of questions) {
    must(name.length > 0 && name.length <= 254, `a name of ${name.length}`);
    must(/^[A-Z0-9_*-]+$/.test(type), `type ${type}`);
  }
  return questions.length > 0;
}

describe('what commands and plugins print', () => {
  /** Each line is written as it comes while nothing else is. */
  function shownOf(text: string): string {
    const written: string[] = [];
    const stream = () =>
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          written.push(String(chunk));
          done();
        },
      });
    const output = openOutput('pretty', { stdout: stream(), stderr: stream() } as unknown as Parameters<
      typeof openOutput
    >[1]);
    output.print(text);
    output.say(text);
    return written.join('');
  }

  fuzz(
    'print, say',
    () =>
      hostileText([
        'ps\n  PID TTY\n',
        '\u001b[1mbash\u001b[0m(12)---\u001b(B\u000f',
        '\u001b[31;1mred',
        'x\u001b]0;title\u0007',
      ]),
    text => {
      const shown = shownOf(text);
      // no terminal, no colours: then no emphasis is left either
      const lines = shown.split(/[\t\n]/);
      must(!lines.some(line => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(line)), JSON.stringify(shown));
      return shown.length > 10;
    },
  );
});
