import { Resolver } from 'node:dns/promises';

/** How long DNS may take to tell, in ms, and how often it is asked. */
const PATIENCE = { timeout: 2_000, tries: 1 };

/** How long DNS says that the addresses of a name hold, in s; undefined where it does not know the name. */
export async function timeToLive(name: string): Promise<number | undefined> {
  const resolver = new Resolver(PATIENCE); // a new one reads /etc/resolv.conf anew
  const answers = await Promise.allSettled([
    resolver.resolve4(name, { ttl: true }),
    resolver.resolve6(name, { ttl: true }),
  ]);
  const ttls = answers.flatMap(answer =>
    answer.status === 'fulfilled' ? answer.value.map(({ ttl }) => ttl) : [],
  );
  return ttls.length === 0 ? undefined : Math.min(...ttls);
}
