import type { FaultCounts, FaultSet } from '../faults/index.ts';
import type { DatabasePrincipal } from './access-check.ts';
import type { ConsumedUnits } from './consumed-capacity.ts';
import type { TableSpec } from './tables.ts';

/** What the database process is started with. */
export interface StartMessage {
  type: 'start';
  host: string;
  /** Folder of the LevelDB store; in memory without one. */
  path?: string;
  arnPrefix: string;
  tables: TableSpec[];
  principals: DatabasePrincipal[];
  withOfflineModel: boolean;
}

/** From the parent; each but `start` is answered under its id, in order. */
export type ToDatabase =
  | StartMessage
  | { type: 'principals'; id: number; principals: DatabasePrincipal[] }
  | { type: 'counters'; id: number }
  | { type: 'faults'; id: number; faults: FaultSet }
  | { type: 'injected'; id: number };

/** From the database process; `failed` is its last word. */
export type FromDatabase =
  | { type: 'ready'; endpoint: string; modelUrl?: string }
  | { type: 'failed'; message: string }
  | { type: 'reply'; id: number; counters?: ConsumedUnits[]; injected?: FaultCounts };
