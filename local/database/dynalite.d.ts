declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** The options used here; see the package for the others. */
  interface DynaliteOptions {
    /** Folder of the LevelDB store; in memory without one. */
    path?: string;
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
  }

  /** Creates a server that does not listen yet; account and region of its ARNs come from the environment. */
  export default function dynalite(options?: DynaliteOptions): Server;
}
