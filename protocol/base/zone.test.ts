import { describe, expect, it } from 'vitest';
import { dayIn, isTimeZone, startOfDay } from './zone.ts';

const start = (day: string, timeZone: string) => new Date(startOfDay({ day, timeZone })).toISOString();

describe('a day in a place', () => {
  it('begins when it begins there', () => {
    expect(start('2027-06-01', 'UTC')).toBe('2027-06-01T00:00:00.000Z');
    expect(start('2027-06-01', 'Europe/Berlin')).toBe('2027-05-31T22:00:00.000Z');
    expect(start('2027-01-01', 'Europe/Berlin')).toBe('2026-12-31T23:00:00.000Z');
    expect(start('2027-06-01', 'Pacific/Kiritimati')).toBe('2027-05-31T10:00:00.000Z');
    expect(start('2027-06-01', 'America/Los_Angeles')).toBe('2027-06-01T07:00:00.000Z');
    expect(start('2027-06-01', 'Pacific/Pago_Pago')).toBe('2027-06-01T11:00:00.000Z');
  });

  it('begins later where the clocks skip midnight, and with the next where they skip the day', () => {
    expect(start('2018-11-04', 'America/Sao_Paulo')).toBe('2018-11-04T03:00:00.000Z');
    expect(start('2011-12-30', 'Pacific/Apia')).toBe('2011-12-30T10:00:00.000Z');
  });

  it('is the day of every instant until the next begins', () => {
    for (const zone of ['UTC', 'Asia/Kolkata', 'America/St_Johns', 'Pacific/Chatham', 'Africa/Cairo']) {
      const at = startOfDay({ day: '2028-02-29', timeZone: zone });
      expect(dayIn(zone, at)).toBe('2028-02-29');
      expect(dayIn(zone, at - 1)).toBe('2028-02-28');
      expect(startOfDay({ day: '2028-03-01', timeZone: zone })).toBe(at + 86_400_000);
    }
  });

  it('has a zone by name, nothing else', () => {
    expect(['UTC', 'Europe/Vienna', 'America/Argentina/Ushuaia'].map(isTimeZone)).toEqual([true, true, true]);
    expect(['', '+02:00', 'Mars/Base', 'Europe/Nowhere'].map(isTimeZone)).toEqual([false, false, false, false]);
  });
});
