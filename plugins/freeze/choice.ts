import { basename } from 'node:path';
import type { ProcessInfo, Sighting } from 'ptrap';
import { lineOf, statOf } from './process.js';

/** Who is to be stopped, of those who may be. */
export interface Choice {
  exe?: readonly string[] | undefined;
  match?: ((process: ProcessInfo, sighting: Sighting) => boolean) | undefined;
  never: readonly string[];
}

/**
 * Programs without which nobody could look into what was stopped, or the machine would stand still: what starts services
 * and logs, the bus, the ways in, the screen.
 */
const VITAL =
  /^(systemd.*|\(sd-.*|init|runit|s6-.*|openrc.*|dbus-(daemon|broker.*)|polkitd|udevd|sshd.*|dropbear|login|agetty|getty|sudo|su|doas|screen|tmux.*|mosh-server|X|Xorg|Xwayland|weston|sway|Hyprland|kwin_.*|gnome-shell|plasmashell|NetworkManager|wpa_supplicant|dhclient|dhcpcd)$/;

/** The one process that certainly sent it; undefined where there are several, or it is not certain. */
export function culpritOf({ resolution }: Sighting): ProcessInfo | undefined {
  if (resolution.status !== 'resolved' || !['exact', 'call', 'wildcard'].includes(resolution.grade))
    return undefined;
  return resolution.processes.length === 1 ? resolution.processes[0] : undefined;
}

/** Whether it was asked for. */
export function isChosen(process: ProcessInfo, sighting: Sighting, { exe, match }: Choice): boolean {
  return (exe === undefined || isAmong(process, exe)) && (match === undefined || match(process, sighting));
}

/**
 * Why a process is never stopped, in words; undefined where it may be. What counts is the program that the kernel names,
 * not what a process calls itself.
 */
export function protection(culprit: ProcessInfo, never: readonly string[]): string | undefined {
  const { pid, exe } = culprit;
  const own = lineOf(process.pid);
  if (pid === 1) return 'it is PID 1';
  if (own.includes(pid)) return 'ptrap itself was started by it';
  if (lineOf(pid).includes(process.pid)) return 'ptrap has started it';
  if (exe === null || statOf(pid)?.isKernelThread) return 'its program is not known';
  if (VITAL.test(basename(exe.replace(/ \(deleted\)$/, '')))) return 'the machine needs it';
  return isAmong(culprit, never) ? 'it is never to be stopped' : undefined;
}

/** A program is named by its path, or by the last part of that. */
function isAmong({ exe }: ProcessInfo, names: readonly string[]): boolean {
  return exe !== null && names.some(name => name === exe || name === basename(exe));
}
