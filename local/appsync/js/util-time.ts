import { formatInstant, parseInstant, parseIso8601 } from './date-format.ts';
import { numberArgument, stringArgument } from './outcome.ts';
import type { Builtin, RuntimePorts } from './outcome.ts';

/** `util.time`. "Now" is read anew at every call. Formats are Java's DateTimeFormatter, see date-format.ts; zones default to UTC. */
export function timeBuiltins(ports: RuntimePorts): Record<string, Builtin> {
  const zone = (value: unknown): string => (typeof value === 'string' ? value : 'UTC');
  const format = (builtin: string, epochMs: number, pattern: unknown, timeZone: unknown): string =>
    formatInstant(epochMs, stringArgument(builtin, pattern), zone(timeZone));
  return {
    'util.time.nowISO8601': () => new Date(ports.now()).toISOString(),
    'util.time.nowEpochSeconds': () => Math.floor(ports.now() / 1000),
    'util.time.nowEpochMilliSeconds': () => ports.now(),
    'util.time.nowFormatted': (pattern, timeZone) =>
      format('util.time.nowFormatted', ports.now(), pattern, timeZone),
    'util.time.parseFormattedToEpochMilliSeconds': (text, pattern, timeZone) =>
      parseInstant(
        stringArgument('util.time.parseFormattedToEpochMilliSeconds', text),
        stringArgument('util.time.parseFormattedToEpochMilliSeconds', pattern),
        zone(timeZone),
      ),
    'util.time.parseISO8601ToEpochMilliSeconds': (text) =>
      parseIso8601(stringArgument('util.time.parseISO8601ToEpochMilliSeconds', text)),
    'util.time.epochMilliSecondsToSeconds': (epochMs) =>
      Math.floor(numberArgument('util.time.epochMilliSecondsToSeconds', epochMs) / 1000),
    'util.time.epochMilliSecondsToISO8601': (epochMs) =>
      new Date(numberArgument('util.time.epochMilliSecondsToISO8601', epochMs)).toISOString(),
    'util.time.epochMilliSecondsToFormatted': (epochMs, pattern, timeZone) => {
      const name = 'util.time.epochMilliSecondsToFormatted';
      return format(name, numberArgument(name, epochMs), pattern, timeZone);
    },
  };
}
