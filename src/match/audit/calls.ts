import type { AuditRecord, CallRecord } from '../../netlink/audit-record.js';
import { socketcallName, type CallName, type nameCalls } from '../../netlink/audit-syscalls.js';

/** A call that has ended, put together from its records. */
export interface Call extends Omit<CallRecord, 'arch' | 'number'> {
  name: CallName;
  /** The struct sockaddr that it named, where it named one. */
  address: Buffer | undefined;
}

/** Puts calls together. */
export interface Calls {
  /** The call that this record is the last of. */
  take(record: AuditRecord): Call | undefined;
  /** Calls that were given up, as their last record did not come. */
  readonly incomplete: number;
}

interface Pending {
  call: CallRecord;
  args: readonly number[];
  address: Buffer | undefined;
}

/** Calls that may be incomplete at once: the records of one come close together, unless some are lost. */
const MOST_PENDING = 1024;

/** @param nameOf tells calls by architecture and number; those without a name are passed over */
export function openCalls(nameOf: ReturnType<typeof nameCalls>): Calls {
  const pending = new Map<number, Pending>();
  let incomplete = 0;

  function begin(serial: number, call: CallRecord): void {
    if (nameOf(call.arch, call.number) === undefined) return;
    if (pending.size >= MOST_PENDING) {
      pending.delete(pending.keys().next().value!);
      incomplete += 1;
    }
    pending.set(serial, { call, args: call.args, address: undefined });
  }

  function end(serial: number): Call | undefined {
    const found = pending.get(serial);
    if (!found) return undefined;
    pending.delete(serial);
    const { call, args, address } = found;
    const { arch, number, ...rest } = call;
    const called = nameOf(arch, number);
    const name = called === 'socketcall' ? socketcallName(call.args[0]!) : called;
    return name && { ...rest, args, name, address };
  }

  return {
    take(record) {
      if (record.what === 'call') begin(record.serial, record.call);
      else if (record.what === 'end') return end(record.serial);
      else {
        const found = pending.get(record.serial);
        if (found && record.what === 'address') found.address = record.bytes;
        else if (found && record.what === 'arguments') found.args = record.args;
      }
      return undefined;
    },
    get incomplete() {
      return incomplete;
    },
  };
}
