/**
 * Milliseconds of the machine's monotonic clock: one clock for every process of a machine, which `performance.now()` is not
 * (its origin is each process's own start). Its zero means nothing.
 */
export function machineNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
