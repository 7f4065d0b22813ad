/** A package manager, by the program that it is called by. */
export type Manager = keyof typeof installLine;

const installLine = {
  'apt-get': 'apt install',
  dnf: 'dnf install',
  zypper: 'zypper install',
  pacman: 'pacman -S',
  apk: 'apk add',
};

/** In the order in which they are looked for. */
export const managers = Object.keys(installLine) as Manager[];

/** Package of a tool, where it is not named as with Debian. */
const others: Record<string, Partial<Record<Manager, string>>> = {
  iproute2: { dnf: 'iproute' },
  'iproute2 (tc)': { dnf: 'iproute-tc' },
  'util-linux': { apk: 'util-linux-misc setpriv' },
  auditd: { dnf: 'audit', zypper: 'audit', pacman: 'audit', apk: 'audit' },
};

/** The command that installs a package, named as Debian names it; without a known manager what to install, in words. */
export function install(manager: Manager | null, packageName: string): string {
  if (manager === null) return `install ${packageName.replace(/ .*/, '')}`;
  const name = others[packageName]?.[manager] ?? packageName.replace(/ .*/, '');
  return `${installLine[manager]} ${name}`;
}

/** What brings the modules that a small or a cloud kernel goes without. */
export function installModules(manager: Manager | null, distributionId: string): string {
  if (distributionId === 'ubuntu') return 'apt install linux-modules-extra-$(uname -r)';
  switch (manager) {
    case 'apt-get':
      return 'apt install linux-image-$(dpkg --print-architecture), and reboot: a cloud kernel goes without';
    case 'dnf':
      return 'dnf install kernel-modules-extra-$(uname -r)';
    case 'zypper':
      return 'zypper install kernel-default, and reboot: kernel-default-base goes without';
    case 'pacman':
    case 'apk':
    case null:
      return 'run a kernel that has it';
  }
}
