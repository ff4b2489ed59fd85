/** Reasons as sentences. Nothing here presses, and nothing here is more than the reason's own values. */
import { isObject, type Json } from '../../protocol/base/json.ts';
import type { Reason } from '../../protocol/operation.ts';
import { type Language, labelIn, timeIn, valueIn } from '../engine/wording.ts';
import type { Issue } from '../engine/world.ts';

/** A reason's values, as they read. */
interface Said {
  readonly label: string;
  readonly labels: string;
  readonly asked: string;
  readonly offered: string;
  readonly from: string;
  readonly to: string;
  readonly range: string;
  readonly with: string;
  readonly until: string;
  readonly left: number;
}

type Template = (said: Said) => string;

const EN: Readonly<Record<Reason['code'], Template>> = {
  as_asked: ({ labels }) => `As you asked: ${labels}.`,
  matched: () => 'These are the terms you asked for.',
  moved_into_range: ({ label, asked, offered, range }) =>
    `${label}: your proposal has ${asked}; we offer ${range}, so this is ${offered}.`,
  not_open: ({ label, asked, offered }) =>
    `${label}: your proposal has ${asked}; this is not open to change and stays at ${offered}.`,
  instead: ({ label, asked, offered }) => `${label}: ${offered} here; your proposal has ${asked}.`,
  not_met: ({ label, asked, offered }) => `${label}: your proposal has ${asked}; for these terms we offer ${offered}.`,
  better_with: (said) => `With ${said.with} we offer ${said.to} instead of ${said.from} (${said.label}).`,
  better_because: (said) => `${said.label} is ${said.to} here, not ${said.from}, because of ${said.with}.`,
  binding: ({ until }) => `We are bound by this offer until ${until}.`,
  held: ({ until }) => `This offer is held for you until ${until}, and we are bound by it.`,
  signoff: ({ until }) =>
    `You can accept this offer until ${until}; a person at the company must then sign it off before it takes effect.`,
  confirmed_on_acceptance: ({ until }) =>
    `You can accept this offer until ${until}; it is confirmed at the moment you accept it.`,
  rounds_left: ({ left }) =>
    left === 0
      ? 'No round is left in this talk: accept, withdraw, ask for a person, or say once more what would do; where that comes near, a person decides.'
      : `Counter-offers left in this talk: ${left}.`,
  by_person: () => 'A person at the company made this offer.',
};

const DE: typeof EN = {
  as_asked: ({ labels }) => `Wie gewünscht: ${labels}.`,
  matched: () => 'Das sind die Bedingungen, um die Sie gebeten haben.',
  moved_into_range: ({ label, asked, offered, range }) =>
    `${label}: Ihr Vorschlag hat ${asked}; wir bieten ${range}, deshalb hier ${offered}.`,
  not_open: ({ label, asked, offered }) =>
    `${label}: Ihr Vorschlag hat ${asked}; das ist nicht verhandelbar und bleibt bei ${offered}.`,
  instead: ({ label, asked, offered }) => `${label}: hier ${offered}; Ihr Vorschlag hat ${asked}.`,
  not_met: ({ label, asked, offered }) =>
    `${label}: Ihr Vorschlag hat ${asked}; zu diesen Bedingungen bieten wir ${offered}.`,
  better_with: (said) => `Mit ${said.with} bieten wir ${said.to} statt ${said.from} (${said.label}).`,
  better_because: (said) => `${said.label}: hier ${said.to} statt ${said.from}, wegen ${said.with}.`,
  binding: ({ until }) => `An dieses Angebot sind wir bis ${until} gebunden.`,
  held: ({ until }) => `Dieses Angebot ist bis ${until} für Sie reserviert, und wir sind daran gebunden.`,
  signoff: ({ until }) =>
    `Sie können dieses Angebot bis ${until} annehmen; danach muss es eine Person im Unternehmen freigeben, bevor es wirksam wird.`,
  confirmed_on_acceptance: ({ until }) =>
    `Sie können dieses Angebot bis ${until} annehmen; bestätigt wird es in dem Moment, in dem Sie es annehmen.`,
  rounds_left: ({ left }) =>
    left === 0
      ? 'In diesem Gespräch ist keine Runde mehr übrig: nehmen Sie an, ziehen Sie zurück, bitten Sie um eine Person, oder sagen Sie noch einmal, was ginge; kommt das nahe genug, entscheidet eine Person.'
      : `Gegenvorschläge, die in diesem Gespräch noch übrig sind: ${left}.`,
  by_person: () => 'Eine Person im Unternehmen hat dieses Angebot gemacht.',
};

const TEMPLATES: Readonly<Record<Language, typeof EN>> = { en: EN, de: DE };

const BETWEEN: Readonly<Record<Language, (least: string, most: string) => string>> = {
  en: (least, most) => (least === most ? `only ${least}` : `${least} to ${most}`),
  de: (least, most) => (least === most ? `nur ${least}` : `${least} bis ${most}`),
};
const OR: Readonly<Record<Language, string>> = { en: ' or ', de: ' oder ' };

export function reasonIn(
  language: Language,
  { code, params }: Omit<Reason, 'words'>,
  issues: readonly Pick<Issue, 'pointer' | 'label' | 'kind'>[],
): string {
  const issueAt = (pointer: Json | undefined) => issues.find((each) => each.pointer === pointer);
  const labelOf = (pointer: Json | undefined) => labelIn(language, issueAt(pointer)?.label ?? '');
  const value = (of: Json | undefined, pointer: Json | undefined = params['issue']) => {
    const issue = issueAt(pointer);
    return issue === undefined || of === undefined ? '' : valueIn(language, issue, of);
  };
  const { allowed, least, most, left } = params;
  const range = Array.isArray(allowed)
    ? allowed.map((each) => value(each)).join(OR[language])
    : BETWEEN[language](value(least), value(most));
  const listed = params['issues'];
  return TEMPLATES[language][code]({
    label: labelOf(params['issue']),
    labels: (Array.isArray(listed) ? listed : []).map(labelOf).join(', '),
    asked: value(params['asked']),
    offered: value(params['offered']),
    from: value(params['from']),
    to: value(params['to']),
    range,
    with: Object.entries(isObject(params['with']) ? params['with'] : {})
      .map(([pointer, of]) => `${labelOf(pointer)} ${value(of, pointer)}`)
      .join(', '),
    until: timeIn(String(params['until'] ?? '')),
    left: typeof left === 'number' ? left : 0,
  });
}
