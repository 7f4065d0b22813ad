import type { Namespace } from './namespace.js';

/** A cgroup of version 2, as systemd would make it for a unit. */
export interface Cgroup extends AsyncDisposable {
  /** `/ptrap-test-1.slice/sender.service` */
  path: string;
  /** Its folder, and the root's, as a process in the namespace sees it. */
  folder: string;
  root: string;
}

/** Makes one; whatever is in it at the end is killed. */
export async function openCgroup(namespace: Namespace): Promise<Cgroup> {
  const root = '/run/cgroups';
  const slice = `/ptrap-test-${process.pid}.slice`;
  const path = `${slice}/sender.service`;
  const folder = root + path;
  await namespace.must(`mkdir ${root} && mount -n -t cgroup2 none ${root} && mkdir -p ${folder}`);
  return {
    path,
    folder,
    root,
    async [Symbol.asyncDispose]() {
      const isEmpty = `[ -z "$(cat ${folder}/cgroup.procs)" ]`;
      await namespace.must(`
        echo 1 > ${folder}/cgroup.kill
        until ${isEmpty}; do sleep 0.02; done
        rmdir ${folder} ${root}${slice} && umount -n ${root}`);
    },
  };
}
