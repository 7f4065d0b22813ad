import { readFileSync } from 'node:fs';

/** For so long what the sysctl said is believed, in ms. */
const BELIEVED_MS = 100;

/**
 * Tells whether somebody else than this network namespace's root may have the kernel write a line. The sysctl is there in
 * the first namespace alone (nf_log.c); one that is in another and has lines at all has them because of it.
 */
export function openForgeable(path = '/proc/sys/net/netfilter/nf_log_all_netns'): () => boolean {
  let answer = true;
  let askedAt = -Infinity;
  return () => {
    if (performance.now() - askedAt < BELIEVED_MS) return answer;
    askedAt = performance.now();
    try {
      answer = readFileSync(path, 'utf8').trim() !== '0';
    } catch {
      answer = true; // not there: not the first namespace
    }
    return answer;
  };
}
