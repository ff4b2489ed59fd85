/** Whether a clause wishes for a value that stands in it, or only mentions it: what others ask, what was, what is not wanted. */
import { type Clause, clausesOf, conditionIn, isDenied, whole } from './clauses.ts';

/** By language: who speaks for themselves, and wants, offers, pays or can do something. Where a verb has its person in it, the verb alone. */
const WISHES: readonly string[] = [
  "(?:we|i)(?:['’](?:d|ll|re|m))?(?: (?!have|has|had|got|an?|the|your)\\p{L}+(?:['’]t)?){0,3}? (?:want|wish|like|need|prefer|propose|suggest|offer|bid|pay|take|do|go|sign|settle|ask|aim|agree|commit|accept)",
  '(?:can|could|would|will) (?:you|we|i) (?:\\p{L}+ )?(?:do|offer|make|give|accept|agree|get|go|have|take|sign|pay|manage)',
  "make it|make that|give us|let['’]s (?:say|do|make)|how about|what about|please|looking for|our (?:\\p{L}+ )?(?:offer|proposal|counter\\p{L}*|bid|target|wish|request|price|budget|limit|maximum)",
  '(?:my|our|the) (?:\\p{L}+ )?(?:boss|manager|management|director|team|side|client|customer|principal|company|board) (?:wants?|offers?|proposes?|needs?|asks?|pays?|(?:would|can|could|will) (?:like|pay|do|take|sign))',
  '(?:mein|unser|der|die)\\p{L}{0,2} (?:chef|kunde|auftraggeber|leitung|team|vorstand)\\p{L}* (?:will|möchte|bietet|wünscht|braucht|zahlt|schlägt)',
  '(?:wir|ich)(?: .{0,60}?)? (?:wollen|will|möchten?|wünschen?|hätten|hätte|brauchen?|benötigen?|bieten?|zahlen?|bezahlen?|vorschlagen|nehmen?|bevorzugen|bitten|bitte|unterschreiben?|unterzeichnen)',
  '(?:wollen|will|möchten?|wünschen?|hätten|hätte|brauchen?|benötigen?|bieten?|zahlen?|bezahlen?|schlagen?|nehmen?|können|könnten|würden) (?:wir|ich)',
  '(?:können|könnten|würden) sie|geht auch|ginge(?: auch)?|wie wäre es|machen wir|bitte|unser (?:\\p{L}+ )?(?:angebot|vorschlag|gegenangebot|gebot)',
  'nous(?: .{0,30}?)? (?:voulons|voudrions|souhaitons|proposons|offrons|payons|pouvons|pourrions|demandons|prenons|préférons|aimerions)',
  "(?:je |j['’])(?:.{0,30}? )?(?:voudrais|veux|souhaite|propose|offre|paie|demande|prends|préfère|aimerais)",
  "(?:pouvez|pourriez)[- ]vous|que diriez|s['’]il vous pla[iî]t|disons|notre (?:offre|proposition|contre-offre)",
  'queremos|quiero|quisiéramos|quisiera|proponemos|propongo|ofrecemos|ofrezco|pagamos|pagaremos|podemos|puedo|necesitamos|necesito|pedimos|preferimos|nos gustaría|aceptaríamos|pueden (?:ustedes )?(?:hacer|dejar)|podrían|por favor|nuestra (?:oferta|propuesta|contraoferta)',
  'vogliamo|voglio|vorremmo|vorrei|proponiamo|propongo|offriamo|offro|paghiamo|pagheremo|possiamo|posso|chiediamo|preferiamo|ci serv(?:e|ono)|potete|potreste|per favore|la nostra (?:offerta|proposta|controproposta)',
  'gostaríamos|gostaria|propomos|proponho|oferecemos|ofereço|pagaremos|posso|precisamos|pedimos|preferimos|quero|podem fazer|poderiam|por favor|nossa (?:oferta|proposta|contraproposta)',
  '(?:wij|we|ik)(?: .{0,60}?)? (?:willen|wil|bieden|bied|betalen|betaal|kunnen|kan|stellen|nemen|neem|vragen|wensen)|(?:willen|bieden|betalen|kunnen|stellen) (?:wij|we)|(?:kunt|kunnen) (?:u|jullie)|alstublieft|graag|ons (?:bod|voorstel|tegenbod)',
  'chcemy|chcę|chcielibyśmy|chciał\\p{L}*bym|proponujemy|proponuję|oferujemy|oferuję|zapłacimy|płacimy|możemy|mogę|potrzebujemy|prosimy|proszę|wolimy|nasza (?:oferta|propozycja)',
  '(?:vi|jag|jeg)(?: .{0,30}?)? (?:vill|vil|önskar|ønsker|erbjuder|tilbyder|tilbyr|föreslår|foreslår|betalar|betaler|kan|behöver|tar)|kan ni|kan I|vårt bud|vores bud',
  '(?:мы|я) (?:\\p{L}+ ){0,2}?(?:хотим|хочу|предлагаем|предлагаю|платим|заплатим|готовы|можем|могу|просим)|хотим|хотели бы|предлагаем|готовы (?:за)?платить|просим|пожалуйста|наше предложение',
  'хочемо|пропонуємо|готові (?:за)?платити|просимо|будь ласка|chceme|nabízíme|navrhujeme|prosím|haluamme|tarjoamme|ehdotamme|szeretnénk|kérünk|ajánlunk|vrem|dorim|propunem|oferim|istiyoruz|öneriyoruz|teklif ediyoruz|ödeyebiliriz|lütfen',
];
/** Of languages that write no spaces. */
const UNSPACED =
  'お願い|希望|ほしい|欲しい|したい|提案(?:します|いたします)|我们(?:希望|想|要|提议|出)|想要|希望|需要|请|원합니다|원해요|희망|제안합니다|부탁';

/** Who is spoken of instead, and what is theirs. */
const THEIRS = whole(
  "(?:an|the) offer (?:of|at|from)|quote (?:of|from|at)|saw|seen|heard|competit\\p{L}*|rivals?|others|(?:another|other|different) (?:compan\\p{L}+|firms?|offers?|quotes?)|providers?|suppliers?|vendors?|somebody|someone|(?:the|on the|our|your) market|(?:the|your) list|catalog\\p{L}*|website|average|your (?:\\p{L}+ )?(?:offers?|price|quote|proposal|list)|you(?:['’]d|['’]ve)?(?: \\p{L}+)? (?:offer(?:ed)?|said|say|quoted?|proposed?|charged?|want(?:ed)?|asked|wrote)|charges|quotes|sells|charged|quoted|(?<!(?:boss|manager|management|director|team|side|client|customer|principal|company|board) )offer(?:s|ed)|" +
    'uns wurden?|gesehen|gehört|angeboten|wettbewerb\\p{L}*|mitbewerb\\p{L}*|konkurren\\p{L}*|anbieter\\p{L}*|lieferant\\p{L}*|listenpreis\\p{L}*|(?:am|dem|der) markt|ihr(?:em|en)? (?:\\p{L}+ )?angebot|sie (?:bieten|boten|verlangen|sagten|schrieben|wollten)|(?<!(?:chef|kunde|auftraggeber|leitung|team|vorstand) )bietet|verlangt|' +
    'nous avons (?:reçu|vu)|on nous|nous propose|nos (?:ofrecen|ofrecieron|piden|pidieron|oferecem|ofereceram)|ci (?:offrono|hanno|chiedono)|oferują|concurrents?|fournisseurs?|prestataires?|le marché|votre (?:\\p{L}+ )?(?:offre|prix|liste)|vous (?:proposez|offrez|demandez)|competidor\\p{L}*|competencia|proveedor\\p{L}*|el mercado|su (?:oferta|precio)|ofrece|concorren\\p{L}*|fornitor\\p{L}*|il mercato|la vostra offerta|fornecedor\\p{L}*|o mercado|sua oferta|oferece|leverancier\\p{L}*|uw (?:aanbod|prijs)|biedt|konkuren\\p{L}*|dostawc\\p{L}*|oferuje|leverantör\\p{L}*|leverandør\\p{L}*|конкурент\\p{L}*|поставщик\\p{L}*|вы (?:предложили|предлагаете)|rakip\\p{L}*',
);
const THEIRS_UNSPACED = /競合|他社|竞争|競爭|其他|别家|경쟁|다른/u;

/** What was, or is had somewhere else. */
const ELSEWHERE = whole(
  "elsewhere|somewhere|somebody|someone|currently|at present|at the moment|so far|until now|previously|formerly|last (?:year|time|period|month)|used to|anderswo|woanders|bisher\\p{L}*|derzeit|aktuell|zurzeit|früher|bislang|zuletzt|letzt\\p{L}+ (?:jahr|mal)|jemand\\p{L}*|ailleurs|actuellement|jusqu['’](?:ici|à présent)|l['’]an dernier|en otr\\p{L}+|actualmente|hasta ahora|año pasado|altrove|attualmente|finora|l['’]anno scorso|atualmente|até agora|elders|momenteel|tot nu toe|vorig jaar|gdzie indziej|obecnie|dotychczas|för närvarande|сейчас|до сих пор|в прошлом году",
);

/** Said against a value, without a word that denies. */
const TOO = whole(
  'too|zu (?:viele?|lang|kurz|hoch|teuer|wenige?|niedrig)|trop|demasiad[oa]s?|tropp[oaie]|demais|te (?:veel|lang|kort|hoog|duur|weinig)|za (?:dużo|drogo|długo|mało)|för (?:mycket|dyrt|länge|många)|слишком',
);

/** Words that a value may stand among alone. */
const LITTLE = whole(
  'for|at|a|an|the|per|each|every|and|with|on|of|to|then|so|ok|okay|yes|thanks|thank|you|instead|rather|it|is|be|that|not|only|just|no|final|last|best|offer|counter|proposal|terms?|unit|price|seats?|users?|places?|months?|' +
    'für|zu|zum|je|pro|mit|und|bei|dann|also|ja|danke|den|die|das|dem|der|eine?|einen|platz|monat|preis|laufzeit|angebot|gegenangebot|vorschlag|letztes|lieber|stattdessen|auf|ab|um|offre|oferta|offerta|bod|' +
    'à|pour|par|poste|avec|et|oui|merci|plutôt|prix|de|le|la|les|une?|para|con|y|sí|gracias|precio|el|los|las|mejor|puesto|mes|e|sì|grazie|il|lo|gli|prezzo|mese|posto|com|sim|obrigad[oa]|preço|mês|lugar|voor|en|bedankt|prijs|plaats|maand|za|z|i|tak|cena|miejsce|för|med|och|tack|pris|за|с|и|да|спасибо|цена|' +
    'で|を|に|の|です|' +
    'but|sondern|aber|mais|sino|pero|ma|mas|maar|ale|lecz|men|но|а',
  'giu',
);

const WISH = new RegExp(`${whole(WISHES.join('|')).source}|${UNSPACED}`, 'giu');
const THEIR = new RegExp(`${THEIRS.source}|${THEIRS_UNSPACED.source}`, 'giu');

export interface Place {
  readonly from: number;
  readonly to: number;
}

/** A text with the values that stand in it. */
export interface Context {
  readonly clauses: readonly Clause[];
  readonly values: readonly Place[];
  /** Looked at once a clause, however many values it has. */
  readonly looked: Map<Clause, Looked>;
}

interface Looked {
  readonly markers: readonly Marker[];
  readonly denied: boolean;
  /** Where it begins to say on what it depends. */
  readonly condition: number;
}

interface Marker {
  readonly index: number;
  readonly whose: 'wish' | 'theirs';
}

export function contextOf(text: string, values: readonly Place[]): Context {
  return { clauses: clausesOf(text), values, looked: new Map() };
}

function lookAt(clause: Clause, { looked }: Context): Looked {
  const found = (pattern: RegExp, whose: Marker['whose']) =>
    [...clause.text.matchAll(pattern)].map(({ index }): Marker => ({ index, whose }));
  const made = looked.get(clause) ?? {
    markers: [...found(WISH, 'wish'), ...found(THEIR, 'theirs')].toSorted((a, b) => a.index - b.index),
    denied: isDenied(clause.text),
    condition: conditionIn(clause.text) ?? Infinity,
  };
  looked.set(clause, made);
  return made;
}

/** Whether who speaks wants it, in so many words or by saying little else. */
export function isWished(place: Place, context: Context): boolean {
  const clause = clauseAt(place, context);
  if (clause === undefined || isTurnedFrom(place, context) || isOthers(place, context)) return false;
  const at = place.from - clause.from;
  if (lookAt(clause, context).condition < at) return false;
  if (markerNear(clause, at, context) === 'wish') return true;
  if (!isLittleElse(clause, context)) return false;
  // In a list of what somebody has, it is theirs.
  const said = context.clauses.filter((each) => each.sentence === clause.sentence && each.from < clause.from).at(-1);
  return said === undefined || markerNear(said, said.text.length, context) !== 'theirs';
}

/** "24 instead of 12 months". */
export function isTurnedFrom(place: Place, context: Context): boolean {
  const clause = clauseAt(place, context);
  return clause !== undefined && AWAY.test(justBefore(clause, place));
}

const AWAY =
  /(?:instead of|rather than|not|no longer|currently|today|from|was|offered|statt|anstatt|anstelle von|nicht|bisher|derzeit|aktuell|heute|von|au lieu de|pas|en lugar de|en vez de|invece di|em vez de|in plaats van|zamiast)(?: the| den| die| der)?[ \u00a0]*$/iu;

/** Whether it is told of others or of other times, or is said not to be wanted. */
export function isOthers(place: Place, context: Context): boolean {
  const clause = clauseAt(place, context);
  if (clause === undefined) return false;
  const near = context.values.reduce(
    (between, { from, to }) => ({
      from: to <= place.from ? Math.max(between.from, to) : between.from,
      to: from >= place.to ? Math.min(between.to, from) : between.to,
    }),
    { from: clause.from, to: clause.to },
  );
  const around = clause.text.slice(near.from - clause.from, near.to - clause.from);
  if (ELSEWHERE.test(around) || TOO.test(around)) return true;
  if (lookAt(clause, context).denied && boundAt(clause, place) === undefined) return true;
  return markerNear(clause, place.from - clause.from, context) === 'theirs';
}

function clauseAt(place: Place, { clauses }: Context): Clause | undefined {
  return clauses.find(({ from, to }) => from <= place.from && place.from < to);
}

/** Whose the value is by the nearest words before it, else after it. */
function markerNear(clause: Clause, at: number, context: Context): Marker['whose'] | undefined {
  const { markers } = lookAt(clause, context);
  return (markers.findLast(({ index }) => index < at) ?? markers[0])?.whose;
}

function isLittleElse(clause: Clause, { values }: Context): boolean {
  let left = clause.text;
  for (const { from, to } of values)
    if (from >= clause.from && to <= clause.to)
      left = `${left.slice(0, from - clause.from)}${' '.repeat(to - from)}${left.slice(to - clause.from)}`;
  return !/\p{L}/u.test(left.replace(BOUND_WORDS, ' ').replace(LITTLE, ' '));
}

/** As much of the clause before it as says something about it. */
function justBefore(clause: Clause, { from }: Place): string {
  return clause.text.slice(Math.max(0, from - clause.from - 24), from - clause.from);
}

/** A value may be the most, or the least, of what is wished for. */
export type Bound = 'most' | 'least';

const MOST =
  'at most|at the most|at maximum|up to|max(?:imum|imal)?|höchstens|maximal|bis zu|au maximum|maximum|au plus|jusqu.à|como máximo|máximo|hasta|al massimo|massimo|fino a|no máximo|até|hoogstens|maximaal|najwyżej|maksymalnie|högst|maksimalt|не более|максимум';
const LEAST =
  'at least|at minimum|min(?:imum|imal)?|mindestens|wenigstens|au moins|al menos|como mínimo|mínimo|almeno|minimo|pelo menos|no mínimo|minstens|minimaal|co najmniej|minst|не менее|минимум';
const MORE =
  '(?:more|higher|longer|greater) than|above|over|mehr als|über|länger als|plus (?:de|que)|más (?:de|que)|più (?:di|che)|mais (?:de|que|do que)|meer dan|langer dan|więcej niż|ponad|mer än|более|больше';
const LESS =
  '(?:less|fewer|lower|shorter) than|below|under|weniger als|unter|kürzer als|moins (?:de|que)|menos (?:de|que)|meno (?:di|che)|minder dan|mniej niż|poniżej|mindre än|менее|меньше';
const BOUND_WORDS = whole([MOST, LEAST, MORE, LESS].join('|'), 'giu');
const just = (list: string) => new RegExp(`(?<!\\p{L})(?:${list})[ ]*$`, 'iu');
const [MOST_BEFORE, LEAST_BEFORE, MORE_BEFORE, LESS_BEFORE] = [just(MOST), just(LEAST), just(MORE), just(LESS)];
const MOST_AFTER = new RegExp(`^[ ]*(?:${MOST})(?!\\p{L})`, 'iu');
const LEAST_AFTER = new RegExp(`^[ ]*(?:${LEAST})(?!\\p{L})`, 'iu');

export function boundOf(place: Place, context: Context): Bound | undefined {
  const clause = clauseAt(place, context);
  return clause === undefined ? undefined : boundAt(clause, place);
}

function boundAt(clause: Clause, place: Place): Bound | undefined {
  const before = justBefore(clause, place);
  const after = clause.text.slice(place.to - clause.from);
  if (MOST_BEFORE.test(before) || MOST_AFTER.test(after)) return 'most';
  if (LEAST_BEFORE.test(before) || LEAST_AFTER.test(after)) return 'least';
  const [isMore, isLess] = [MORE_BEFORE.test(before), LESS_BEFORE.test(before)];
  if (!isMore && !isLess) return undefined;
  return isMore === isDenied(clause.text.slice(0, place.from - clause.from)) ? 'most' : 'least';
}
