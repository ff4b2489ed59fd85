import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';

/** What a person of the company wrote for a customer's agent, as it is told: whole, or not taken. */
export function personsWords(text: string | undefined): Result<string, Refusal> {
  const words = (text ?? '').replace(/\r\n?/g, '\n').trim().toWellFormed();
  return words.length <= LIMITS.personsWordsChars
    ? ok(words)
    : err(
        refusal(
          'schema-violation',
          `What the customer is told has at most ${LIMITS.personsWordsChars} characters: these are ${words.length}.`,
        ),
      );
}

/** Where there have to be some. */
export function personsReason(text: string): Result<string, Refusal> {
  const words = personsWords(text);
  return words.ok && words.value === '' ? err(refusal('schema-violation', 'Say why: the customer is told.')) : words;
}

/** What an agent is told of a person's no, in the words that the person made for it. */
export function decidedAgainst(message: string): string {
  return message === ''
    ? 'A person at the company decided against it.'
    : `A person at the company decided against it: ${message}`;
}

/** What an agent is told where the machine could not find out, and a person did. */
export function notCarriedOut(message: string): string {
  const told = 'A person at the company looked into it: it was not carried out.';
  return message === '' ? told : `${told} They say: ${message}`;
}

/** What stands beside a person's own offer. */
export function offeredWith(message: string): string {
  return message === ''
    ? 'A person at the company made this offer.'
    : `A person at the company made this offer and says: “${message}”`;
}
