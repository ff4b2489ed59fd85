/** Days for tests that run by the clock, so that they hold on any day of any year. */
import { firstTerm } from '../../adapters/sandbox/server/seed-day.ts';

/** `2027-06-01`, so many days from today. */
export const day = (after: number): string => new Date(Date.now() + after * 86_400_000).toISOString().slice(0, 10);

/** The term that the seed's first contract is in: its end lies at most nine weeks ahead. */
export const TERM = firstTerm(new Date());
