import { describe, expect, it } from 'vitest';
import { formatInstant, parseInstant } from '../../../../local/appsync/js/date-format.ts';

const AT = Date.parse('2018-02-06T19:01:35.049Z');

describe('formatInstant', () => {
  it.each([
    ['yy y uuuu', '18 2018 2018'],
    ['M MM MMM MMMM LLL', '2 02 Feb February Feb'],
    ['d dd D', '6 06 37'],
    ['E EEEE', 'Tue Tuesday'],
    ['H HH k h hh K a', '19 19 19 7 07 7 PM'],
    ['m mm s ss', '1 01 35 35'],
    ['S SSS SSSSSS n', '0 049 049000 49000000'],
    ['X XXX x xxx Z ZZZZ ZZZZZ O', 'Z Z +00 +00:00 +0000 GMT Z GMT'],
    ["yyyy-MM-dd'T'HH:mm 'o''clock' ''", "2018-02-06T19:01 o'clock '"],
    ['VV', 'UTC'],
  ])('formats %s', (pattern, text) => {
    expect(formatInstant(AT, pattern, 'UTC')).toBe(text);
  });

  it.each([
    [
      'America/New_York',
      'yyyy-MM-dd HH:mm xxx X z zzzz',
      '2018-02-06 14:01 -05:00 -05 EST Eastern Standard Time',
    ],
    ['Asia/Kolkata', 'HH:mm XXX Z O', '00:31 +05:30 +0530 GMT+05:30'],
  ])('formats in %s', (timeZone, pattern, text) => {
    expect(formatInstant(AT, pattern, timeZone)).toBe(text);
  });

  it.each([
    ['G', "letter 'G'"],
    ["'open", 'inside a quotation'],
  ])('refuses the format %s', (pattern, message) => {
    expect(() => formatInstant(AT, pattern, 'UTC')).toThrow(message);
  });

  it('refuses an unknown time zone', () => {
    expect(() => formatInstant(AT, 'HH', 'Mars/Olympus')).toThrow(/time zone/i);
  });
});

describe('parseInstant', () => {
  it.each([
    ['2018-02-06 19:01:35.049', 'yyyy-MM-dd HH:mm:ss.SSS', AT],
    ['Tue, 6 Feb 2018 07:01:35 PM +0000', 'EEE, d MMM yyyy hh:mm:ss a Z', AT - 49],
    ['6 February 2018', 'd MMMM yyyy', Date.parse('2018-02-06T00:00:00Z')],
    ['06.02.18', 'dd.MM.yy', Date.parse('2018-02-06T00:00:00Z')],
    ['2018-02-06T19:01:35+05:30', "yyyy-MM-dd'T'HH:mm:ssXXX", Date.parse('2018-02-06T13:31:35Z')],
    ['12:00 AM', 'hh:mm a', 0],
  ])('reads %s as %s', (text, pattern, epochMs) => {
    expect(parseInstant(text, pattern, 'UTC')).toBe(epochMs);
  });

  it('uses the offset the zone has at that time', () => {
    expect(parseInstant('2018-07-01 12:00', 'yyyy-MM-dd HH:mm', 'America/New_York')).toBe(
      Date.parse('2018-07-01T16:00:00Z'),
    );
  });

  it.each([
    ['2018-02-30', 'yyyy-MM-dd'],
    ['2018-02-0', 'yyyy-MM-dd'],
    ['2018-02-01x', 'yyyy-MM-dd'],
    ['2018/02/01', 'yyyy-MM-dd'],
    ['25:00', 'HH:mm'],
  ])('refuses %s as %s', (text, pattern) => {
    expect(() => parseInstant(text, pattern, 'UTC')).toThrow('does not fit the format');
  });
});
