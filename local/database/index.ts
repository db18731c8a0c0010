export type { DatabasePrincipal } from './access-check.ts';
export type { ConsumedUnits } from './consumed-capacity.ts';
export { DatabaseEndedError, startDatabase, type Database, type DatabaseOptions } from './start-database.ts';
export type { TableSpec } from './tables.ts';
