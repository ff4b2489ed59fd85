/** A refusal as Salesforce words it: a list of messages with codes. */
export interface SfMessage {
  readonly message: string;
  readonly errorCode: string;
  readonly fields?: readonly string[];
}

export class SfError extends Error {
  readonly status: number;
  readonly errors: readonly SfMessage[];
  constructor(status: number, errorCode: string, message: string, fields?: readonly string[]) {
    super(message);
    this.status = status;
    this.errors = [{ message, errorCode, ...(fields === undefined ? {} : { fields }) }];
  }
}

export const notFound = () => new SfError(404, 'NOT_FOUND', 'The requested resource does not exist');
export const rolledBack = (): SfMessage => ({
  errorCode: 'PROCESSING_HALTED',
  message: 'The transaction was rolled back since another operation in the same transaction failed.',
});

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
