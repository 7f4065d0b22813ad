import { attribute } from '../netlink/message.js';
import {
  attributesOf,
  isRoot,
  objectText,
  TCA_OPTIONS,
  typeOf,
  type Attribute,
  type TrafficObject,
} from '../netlink/traffic-control.js';

/** What kinds of qdiscs, classes and filters need to be restored from what the kernel tells of them (linux/pkt_sched.h, linux/pkt_cls.h). */

/** Qdiscs of which the kernel tells all that they were made with, or that it will not make from what it tells. */
const QDISCS = new Set(
  'noqueue pfifo bfifo pfifo_head_drop pfifo_fast prio multiq mq mqprio fq fq_codel codel fq_pie pie cake sfq sfb red gred choke hhf skbprio tbf htb hfsc drr qfq ets'.split(
    ' ',
  ),
);

interface FilterKind {
  /** Attributes of its actions. */
  actions: number[];
  /** Its count of hits. */
  counter?: number;
  /** Flags, of which the kernel adds some and takes only others. */
  flags?: number;
}

const FILTERS: Record<string, FilterKind> = {
  u32: { actions: [6, 7], counter: 9, flags: 11 },
  flower: { actions: [3], flags: 22 },
  fw: { actions: [2, 4] },
  basic: { actions: [3, 4], counter: 5 },
  matchall: { actions: [2], counter: 4, flags: 3 },
};
/** TCA_CLS_FLAGS_SKIP_HW, _SKIP_SW and _VERBOSE. */
const OWN_FLAGS = 0x13;

const NLA_F_NESTED = 0x8000;
const HTB_INIT = 2;
/** Options of CoDel that are times: the kernel rounds them down, first to 1024 ns and then to µs. */
const TIMES: Record<string, number[]> = { codel: [1, 3, 5], fq_codel: [1, 3, 7] };

/** Why an object could not be restored from what the kernel tells of it; undefined where that is worth a try. */
export function objectionTo({ type, kind, attributes, estimated }: TrafficObject): string | undefined {
  if (estimated) return 'it measures its own rate';
  if (type === 'class') return undefined;
  if (type === 'qdisc') return QDISCS.has(kind) ? undefined : 'the kernel does not tell all of it';
  const known = FILTERS[kind];
  if (!known) return 'the kernel does not tell all of it';
  const acts = optionsIn(attributes).some(([flagged]) => known.actions.includes(typeOf(flagged)));
  return acts ? 'it has actions, whose counters would be lost' : undefined;
}

/** Objects as texts that are equal where the objects are: without counters, and without the actions of filters. */
export function fingerprint(tree: readonly TrafficObject[]): string[] {
  return tree.map(object => objectText(mapOptions(object, stable))).sort();
}

function stable({ type, kind }: TrafficObject, [flagged, value]: Attribute): Attribute | undefined {
  if (type === 'filter') {
    const known = FILTERS[kind];
    // what an action counts, and since when, lies deep within it
    const varies = !known || known.counter === typeOf(flagged) || known.actions.includes(typeOf(flagged));
    return varies ? undefined : [flagged, value];
  }
  if (kind === 'htb' && typeOf(flagged) === HTB_INIT) {
    return [flagged, Buffer.concat([value.subarray(0, 16), Buffer.alloc(4)])]; // direct_pkts
  }
  return [flagged, value];
}

/** What to ask the kernel for, in order, to have it tell of these objects again; without those that come by themselves. */
export function requestsFor(tree: readonly TrafficObject[]): TrafficObject[] {
  const root = tree.find(isRoot);
  if (!root || root.handle === 0) return [];
  const filters = tree
    .filter(({ type }) => type === 'filter')
    .sort((a, b) => a.handle - b.handle || a.info - b.info);
  return [...under(root, tree), ...filters].filter(isMade).map(request);
}

const majorOf = (handle: number): number => handle >>> 16;

/** A qdisc, its classes from the root on, and what is in them. */
function under(qdisc: TrafficObject, tree: readonly TrafficObject[]): TrafficObject[] {
  const isIn = ({ handle }: TrafficObject): boolean => majorOf(handle) === majorOf(qdisc.handle);
  const classes = tree.filter(object => object.type === 'class' && isIn(object));
  const depth = ({ parent }: TrafficObject, seen = 0): number => {
    const above = classes.find(({ handle }) => handle === parent);
    return above && seen < classes.length ? depth(above, seen + 1) : seen;
  };
  const inside = tree.filter(
    object =>
      object.type === 'qdisc' &&
      object !== qdisc &&
      object.handle !== 0 &&
      majorOf(object.parent) === majorOf(qdisc.handle),
  );
  return [
    qdisc,
    ...classes.sort((a, b) => depth(a) - depth(b)),
    ...inside.filter(child => !isRoot(child)).flatMap(child => under(child, tree)),
  ];
}

/** Qdiscs with handle 0, the root class of a qdisc, the head of a list of filters and u32's first tables come by themselves. */
function isMade({ type, handle, kind }: TrafficObject): boolean {
  if (type === 'class') return (handle & 0xffff) !== 0;
  return (
    handle !== 0 && !(type === 'filter' && kind === 'u32' && handle >= 0x80000000 && (handle & 0xfffff) === 0)
  );
}

function request(object: TrafficObject): TrafficObject {
  const { type, kind } = object;
  if (type === 'qdisc' && kind === 'sfq')
    return withOptions(object, ([flagged, value]) => [flagged, asSfqIsAsked(value)]);
  if (type === 'qdisc' && kind === 'ets')
    return withOptions(object, ([flagged, value]) => [flagged | NLA_F_NESTED, value]);
  return mapOptions(object, asAsked);
}

function asAsked({ type, kind }: TrafficObject, [flagged, value]: Attribute): Attribute {
  const bytes = Buffer.from(value);
  const number = typeOf(flagged);
  if (type === 'qdisc' && kind === 'htb' && number === HTB_INIT) {
    bytes.writeUInt32LE(bytes.readUInt32LE(0) >>> 16, 0); // it tells 3.17 and takes 3
  } else if (type === 'qdisc' && TIMES[kind]?.includes(number)) {
    bytes.writeUInt32LE(unrounded(bytes.readUInt32LE(0)), 0);
  } else if (type === 'filter' && FILTERS[kind]?.flags === number) {
    bytes.writeUInt32LE(bytes.readUInt32LE(0) & OWN_FLAGS, 0);
  }
  return [flagged, bytes];
}

/** The time in µs that becomes `told` when it is rounded (net/codel.h). */
function unrounded(told: number): number {
  const rounded = Math.floor((Math.floor((told * 1000) / 1024) * 1024) / 1000);
  return rounded === told ? told : told + 1;
}

/** sfq has more flows than its limit only where no limit was asked for (struct tc_sfq_qopt). */
function asSfqIsAsked(options: Buffer): Buffer {
  const bytes = Buffer.from(options);
  const [limit, flows] = [bytes.readUInt32LE(8), bytes.readUInt32LE(16)];
  if (flows > limit) bytes.writeUInt32LE(0, 8);
  return bytes;
}

type Change = (object: TrafficObject, option: Attribute) => Attribute | undefined;

/** Kinds of which options, which are attributes again, are to be changed. */
function hasOptions({ type, kind }: TrafficObject): boolean {
  return type === 'filter' || (type === 'qdisc' && (kind === 'htb' || TIMES[kind] !== undefined));
}

function mapOptions(object: TrafficObject, change: Change): TrafficObject {
  if (!hasOptions(object)) return object;
  return withOptions(object, ([flagged, value]) => {
    const changed = attributesOf(value).map(option => change(object, option));
    return [flagged, Buffer.concat(changed.map(option => (option ? attribute(...option) : Buffer.alloc(0))))];
  });
}

function withOptions(object: TrafficObject, change: (options: Attribute) => Attribute): TrafficObject {
  const attributes = object.attributes.map(one => (typeOf(one[0]) === TCA_OPTIONS ? change(one) : one));
  return { ...object, attributes };
}

function optionsIn(attributes: readonly Attribute[]): Attribute[] {
  const options = attributes.find(([flagged]) => typeOf(flagged) === TCA_OPTIONS);
  return options ? attributesOf(options[1]) : [];
}
