/** What an agent is told of a person's no, in the words that the person made for it. */
export function decidedAgainst(message: string): string {
  return message === ''
    ? 'A person at the company decided against it.'
    : `A person at the company decided against it: ${message}`;
}
