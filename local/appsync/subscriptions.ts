import {
  corruptText,
  createDeliveryFates,
  createDeliveryLane,
  createFaultTally,
  faultsOfDelivery,
} from '../faults/index.ts';
import type { DeliveryFate, DeliveryLane, FaultSet, FaultTally } from '../faults/index.ts';
import { matchesArguments, matchesFilter } from './filters.ts';
import type { LogLine } from './ports.ts';
import type { SubscriptionPlan } from './subscription-start.ts';

/** AppSync quota: a larger subscription payload is not delivered and nobody is told (AppSync endpoints and quotas). */
export const MAX_PAYLOAD_BYTES = 240 * 1024;

/** Where a subscription's messages go. */
export interface Subscriber {
  /** Takes the JSON text of a payload. */
  send(payload: string): void;
  /** Ends the subscription from the server's side (invalidation). */
  invalidate(): void;
}

/** One published message per subscription field, as the meters see it. */
export interface PublishReceipt {
  deliveries: number;
  /** Bytes of each payload times its receivers, in units of 5 KB, which AppSync bills. */
  outboundUnits: number;
  oversized: number;
}

/** All running subscriptions of an API. */
export interface Subscriptions {
  /** Starts delivery to a subscriber; the returned function ends it. Safe to call twice. */
  add(plan: SubscriptionPlan, subscriber: Subscriber): () => void;
  /** Delivers the serialised result of a mutation to whoever watches one of the subscription fields. Null reaches nobody. */
  publish(subscriptionFields: readonly string[], value: unknown): PublishReceipt;
  /** Ends the subscriptions on a field whose invalidation filter holds on the payload. */
  invalidate(subscriptionField: string, payload: unknown): number;
  /** Replaces the faults; running subscriptions draw anew, in the order they were started. */
  setFaults(faults: FaultSet): void;
  size(): number;
}

interface Member {
  subscriber: Subscriber;
  /** Payloads published to it since its start_ack. */
  ordinal: number;
  lane: DeliveryLane | undefined;
  fates: ((ordinal: number) => DeliveryFate) | undefined;
}

interface Group {
  plan: SubscriptionPlan;
  members: Set<Member>;
}

const OUTBOUND_UNIT_BYTES = 5 * 1024;

function hasDeliveryFaults(faults: FaultSet): boolean {
  return (
    faults.drop > 0 ||
    faults.duplicate > 0 ||
    faults.reorder > 0 ||
    faults.corrupt > 0 ||
    faults.loseAfterAck > 0 ||
    faults.delayMs !== undefined
  );
}

function corruptPayload(payload: string, at: number): string {
  return JSON.stringify(corruptText(JSON.parse(payload), at));
}

/**
 * Subscriptions with an equal plan form a group: each publish is matched, projected and serialised once per group. Faults act
 * between projection and socket and are counted in the tally.
 */
export function createSubscriptions(
  initialFaults: FaultSet,
  log: LogLine,
  tally: FaultTally = createFaultTally(),
): Subscriptions {
  const groups = new Map<string, Map<string, Group>>();
  const members = new Set<Member>();
  let faults = initialFaults;
  let streams = 0;

  const arm = (member: Member): void => {
    member.lane?.close();
    const active = hasDeliveryFaults(faults);
    member.lane = active ? createDeliveryLane((payload) => member.subscriber.send(payload)) : undefined;
    member.fates = active ? createDeliveryFates(faults, streams) : undefined;
    streams += 1;
  };
  const deliver = (member: Member, payload: string): void => {
    const { lane, fates, ordinal } = member;
    member.ordinal += 1;
    if (lane === undefined || fates === undefined) {
      member.subscriber.send(payload);
      return;
    }
    const fate = fates(ordinal);
    for (const fault of faultsOfDelivery(faults, ordinal, fate)) tally.count(fault);
    lane.deliver(payload, fate, corruptPayload);
  };
  const publishTo = (group: Group, value: unknown, receipt: PublishReceipt): void => {
    const { filter, args, project, fieldName } = group.plan;
    const matches = filter === undefined ? matchesArguments(args, value) : matchesFilter(filter, value);
    if (!matches) return;
    const payload = JSON.stringify(project(value));
    const bytes = Buffer.byteLength(payload);
    if (bytes > MAX_PAYLOAD_BYTES) {
      receipt.oversized += 1;
      log(
        `subscription payload of ${bytes} bytes on ${fieldName} exceeds ${MAX_PAYLOAD_BYTES}: not delivered`,
      );
      return;
    }
    receipt.deliveries += group.members.size;
    receipt.outboundUnits += group.members.size * Math.ceil(bytes / OUTBOUND_UNIT_BYTES);
    for (const member of group.members) deliver(member, payload);
  };

  return {
    add(plan, subscriber) {
      const ofField = groups.get(plan.fieldName) ?? new Map<string, Group>();
      groups.set(plan.fieldName, ofField);
      const group = ofField.get(plan.key) ?? { plan, members: new Set<Member>() };
      ofField.set(plan.key, group);
      const member: Member = { subscriber, ordinal: 0, lane: undefined, fates: undefined };
      arm(member);
      group.members.add(member);
      members.add(member);
      return () => {
        member.lane?.close();
        members.delete(member);
        group.members.delete(member);
        if (group.members.size === 0 && ofField.get(plan.key) === group) ofField.delete(plan.key);
      };
    },
    publish(subscriptionFields, value) {
      const receipt: PublishReceipt = { deliveries: 0, outboundUnits: 0, oversized: 0 };
      if (value === null || value === undefined) return receipt;
      for (const field of subscriptionFields) {
        for (const group of groups.get(field)?.values() ?? []) publishTo(group, value, receipt);
      }
      return receipt;
    },
    invalidate(subscriptionField, payload) {
      const doomed = [...(groups.get(subscriptionField)?.values() ?? [])]
        .filter(
          ({ plan }) =>
            plan.invalidationFilter !== undefined && matchesFilter(plan.invalidationFilter, payload),
        )
        .flatMap((group) => [...group.members]);
      for (const member of doomed) member.subscriber.invalidate();
      return doomed.length;
    },
    setFaults(next) {
      faults = next;
      streams = 0;
      for (const member of members) arm(member);
    },
    size: () => members.size,
  };
}
