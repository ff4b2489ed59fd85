/** The suite's fixtures that ask the client something in between (MRTR, 2026-07-28), as rounds of questions. */
import {
  type InputRequests,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type RequestStateCodec,
} from '@modelcontextprotocol/server';

/** What comes back sealed: which fixture asked, and how far it was. */
export interface Asking {
  readonly fixture: string;
  readonly round: number;
}

interface Question {
  readonly rounds: readonly InputRequests[];
  /** Whether its rounds carry a `requestState`. */
  readonly sealed: boolean;
  readonly answer: (heard: readonly string[]) => string;
}

const form = (message: string, properties: Record<string, { type: 'string' } | { type: 'boolean' }>) =>
  inputRequired.elicit({ message, requestedSchema: { type: 'object', properties, required: Object.keys(properties) } });
const sample = (words: string, maxTokens: number) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text: words } }], maxTokens });
const name = form('What is your name?', { name: { type: 'string' } });
const hello = ([who = '']: readonly string[]) => `Hello, ${who}!`;

const QUESTIONS: Readonly<Record<string, Question>> = {
  test_input_required_result_elicitation: { rounds: [{ user_name: name }], sealed: false, answer: hello },
  test_streaming_elicitation: { rounds: [{ user_name: name }], sealed: false, answer: hello },
  test_input_required_result_prompt: {
    rounds: [{ user_context: form('What context should the prompt use?', { context: { type: 'string' } }) }],
    sealed: false,
    answer: ([context = '']) => `The context is ${context}.`,
  },
  test_input_required_result_sampling: {
    rounds: [{ capital_question: sample('What is the capital of France?', 100) }],
    sealed: false,
    answer: ([words = '']) => words,
  },
  test_input_required_result_list_roots: {
    rounds: [{ client_roots: inputRequired.listRoots() }],
    sealed: false,
    answer: ([roots = '']) => `Roots: ${roots}`,
  },
  test_input_required_result_request_state: {
    rounds: [{ confirm: form('Please confirm', { ok: { type: 'boolean' } }) }],
    sealed: true,
    answer: () => 'state-ok',
  },
  test_input_required_result_tampered_state: {
    rounds: [{ confirm: form('Please confirm', { ok: { type: 'boolean' } }) }],
    sealed: true,
    answer: () => 'state-ok',
  },
  test_input_required_result_multiple_inputs: {
    rounds: [{ user_name: name, greeting: sample('Generate a greeting', 50), client_roots: inputRequired.listRoots() }],
    sealed: true,
    answer: (heard) => heard.join(', '),
  },
  test_input_required_result_multi_round: {
    rounds: [
      { step1: form('Step 1: What is your name?', { name: { type: 'string' } }) },
      { step2: form('Step 2: What is your favorite color?', { color: { type: 'string' } }) },
    ],
    sealed: true,
    answer: ([color = '']) => `Your color is ${color}.`,
  },
  test_input_required_result_capabilities: {
    rounds: [{ user_name: name, greeting: sample('Generate a greeting', 50) }],
    sealed: false,
    answer: (heard) => heard.join(', '),
  },
};

export const QUESTION_TOOLS = Object.keys(QUESTIONS).filter((each) => each !== 'test_input_required_result_prompt');

export interface Asked {
  readonly responses: Record<string, unknown> | undefined;
  readonly state: Asking | undefined;
  /** What the client declared: only that is asked of it. */
  readonly can: (method: string) => boolean;
}

/** The next question, or the answer in words; `undefined` for what asks nothing. */
export async function ask(
  fixture: string,
  { responses, state, can }: Asked,
  codec: RequestStateCodec<Asking>,
): Promise<InputRequiredResult | string | undefined> {
  const question = QUESTIONS[fixture];
  if (question === undefined) return undefined;
  const known = state?.fixture === fixture ? state.round : 0;
  const asked = allowed(question.rounds[known] ?? {}, can);
  const heard = Object.keys(asked).map((key) => wordsOf(responses, key));
  const isAnswered = responses !== undefined && heard.every((words) => words !== undefined);
  const isMine = !question.sealed || state?.fixture === fixture;
  const round = isAnswered && isMine ? known + 1 : known;
  const next = question.rounds[round];
  if (next === undefined) return question.answer(heard.map((words) => words ?? ''));
  return inputRequired({
    inputRequests: allowed(next, can),
    ...(question.sealed ? { requestState: await codec.mint({ fixture, round }) } : {}),
  });
}

function allowed(requests: InputRequests, can: (method: string) => boolean): InputRequests {
  return Object.fromEntries(Object.entries(requests).filter(([, { method }]) => can(method)));
}

/** What the client answered, in words; `undefined` when it did not, or not with what was asked. */
function wordsOf(responses: Record<string, unknown> | undefined, key: string): string | undefined {
  const answer = inputResponse(responses, key);
  if (answer.kind === 'elicit' && answer.action === 'accept' && answer.content !== undefined) {
    const values = Object.values(answer.content);
    return values.length === 0 ? undefined : values.map(String).join(' ');
  }
  if (answer.kind === 'sampling') return JSON.stringify(answer.result.content);
  if (answer.kind === 'roots') return answer.roots.map(({ uri }) => uri).join(' ');
  return undefined;
}
