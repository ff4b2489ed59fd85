/** A text in its parts: what one clause denies, another may ask for. */

export interface Clause {
  readonly text: string;
  /** Where it stands in the text. */
  readonly from: number;
  readonly to: number;
  /** Which sentence of the text it belongs to. */
  readonly sentence: number;
}

/** A list of words and phrases, each whole. Patterns of a list may name what stands between. */
export const whole = (list: string, flags = 'iu'): RegExp => new RegExp(`(?<!\\p{L})(?:${list})(?!\\p{L})`, flags);

const CONTRAST =
  'but|however|yet|sondern|aber|jedoch|doch|mais|sino|pero|ma|però|mas|porém|maar|ale|lecz|men|utan|но|однако|але|mutta|ama|fakat';
/** What ends a sentence, or a clause; no mark between the digits of a number does. */
const SENTENCE_END = /[!?…。！？؟\n]|(?<!\p{N})\.|\.(?!\p{N})/u;
const END = new RegExp(
  `(?<stop>${SENTENCE_END.source})|[;；，、،]|(?<!\\p{N}),|,(?!\\p{N})| [-–—]+ |—|(?<= )(?=(?:${CONTRAST})(?!\\p{L}))`,
  'giu',
);

export function clausesOf(text: string): readonly Clause[] {
  const clauses: Clause[] = [];
  let [from, sentence] = [0, 0];
  const close = (to: number): void => {
    if (text.slice(from, to).trim() !== '') clauses.push({ text: text.slice(from, to), from, to, sentence });
  };
  for (const { index, 0: mark, groups } of text.matchAll(END)) {
    close(index);
    from = index + mark.length;
    if (groups?.['stop'] !== undefined) sentence += 1;
  }
  close(text.length);
  return clauses;
}

/** Says no, but denies nothing. */
const NO_DENIAL = whole(
  'no (?:problem|problems|worries|objections?|doubt|questions?)|not only|not a problem|without (?:reservations?|changes?)|why not|kein(?:e|en)? (?:problem|einw[aä]nde?|bedenken|fragen?)|nicht nur|warum nicht|pas de (?:problème|souci|objection)|non seulement|pourquoi pas|sin (?:problemas?|reservas)|no hay problema|ningún problema|no solo|por qué no|nessun problema|non solo|perché no|sem problemas?|não só|por que não|geen probleem|niet alleen|waarom niet|nie ma problemu|nie tylko|inga problem|ingen problem|без проблем|не только|почему нет|нет проблем',
  'giu',
);
const NOT =
  /(?<!\p{L})(?:not|\p{L}+n['’]t|cannot|never|no|none|nor|neither|nobody|nothing|hardly|unable|impossible|refus\p{L}*|reject\p{L}*|declin\p{L}*|nicht|nichts|kein\p{L}*|nie|niemals|niemand|weder|weiger\p{L}*|ablehnen|lehnen|unmöglich|ne|n['’]\p{L}+|pas|jamais|aucun\p{L}*|non|nunca|jamás|tampoco|ning[uú]n\p{L}*|rechaz\p{L}*|mai|nessun\p{L}*|rifiut\p{L}*|não|nenhum\p{L}*|recus\p{L}*|niet|geen|nooit|nigdy|żad\p{L}+|odmawia\p{L}*|inte|ikke|aldrig|aldri|ingen|en|emme|ei|nem|ne|nu|не|нет|никогда|ні|değil|hayır|asla)(?!\p{L})|不|没|沒|别|別|ません|ない|않|아니|ไม่/iu;
/** "En" is in other languages what "in" is in English; what it denies, it denies with a verb of its own. */
const NO_DENIAL_EITHER = /(?<!\p{L})en (?!halua|voi|hyväksy)/giu;

export function isDenied(clause: string): boolean {
  return NOT.test(clause.replace(NO_DENIAL, ' ').replace(NO_DENIAL_EITHER, ' '));
}

const IF = whole(
  "if|provided|unless|once|as long as|as soon as|in case|assuming|suppose|wenn|falls|sofern|sobald|solange|vorausgesetzt|angenommen,? (?:dass|sie|wir)|si|s['’]il|à condition|pourvu|siempre que|a condición|se|purché|a condizione|desde que|als (?:u|jullie|wij|we|ik|het|de)|indien|mits|jeśli|jeżeli|pod warunkiem|om (?:ni|vi|du|det|i)|hvis|jos|если|при условии|якщо|eğer|dacă",
);
const ONLY = whole(
  'only|nur|bloß|seulement|uniquement|s[óo]lo|solamente|únicamente|soltanto|somente|apenas|alleen|slechts|tylko|bara|endast|kun|только|лише|sadece',
);

/** Where it begins to say on what it depends. */
export function conditionIn(clause: string): number | undefined {
  const at = clause.replace(PLEASE, (each) => ' '.repeat(each.length)).search(IF);
  return at < 0 ? undefined : at;
}

/** Says that nothing else will do. */
export function isRestricted(clause: string): boolean {
  return ONLY.test(clause);
}

/** Courtesy, with the word for a condition. */
const PLEASE = /s['’]il (?:vous|te) pla[iî]t|als(?:tu|je)blieft/giu;

const AGAINST = new RegExp(`^\\s*(?:and )?(?:${CONTRAST})(?!\\p{L})`, 'iu');

/** Begins with a word that sets it against what was said before. */
export function isAgainst(clause: string): boolean {
  return AGAINST.test(clause);
}
