/** Faults of the local stack: what may go wrong between a publish and a socket, seeded and replaceable at run time. */
export { corruptText, createDeliveryFates, createRequestFates } from './decisions.ts';
export type { DeliveryFate, PublishFate } from './decisions.ts';
export { createDeliveryLane, HOLD_MS } from './delivery-lane.ts';
export type { DeliveryLane } from './delivery-lane.ts';
export { FaultSetError, NO_FAULTS, readFaultSet } from './fault-set.ts';
export type { FaultSet } from './fault-set.ts';
export { derivedSeed, seededRandom } from './random.ts';
export type { Random } from './random.ts';
