/** What a sentence is for, by the few words that say it. Asking comes before everything that could bind; what one clause denies, another may
 * say; and what is mocked, quoted or said of others is said by nobody. */
import { type Clause, clausesOf, conditionIn, isAgainst, isDenied, isRestricted, whole } from './clauses.ts';
import { readable } from './readable.ts';

/** Who speaks accepts: for themselves, and now. */
const ACCEPTS = new RegExp(
  `${
    whole(
      "(?:we|i)(?:['’](?:ll|d|m|re))?(?: (?:(?!would (?!(?:gladly |happily )?like)|could|might|may|should)\\p{L}+)){0,4}? (?:accept(?! that (?:you|we|it|this|the|they|your|our)|(?: all| most)? (?:credit|cards?|payments?|cash|cookies))|agree(?! (?:that|to disagree))|take (?:it|the|that|this|your))|" +
        'wir sind einverstanden|ich bin einverstanden|(?:wir|ich)(?: \\p{L}+){0,2}? akzeptieren?|akzeptieren? (?:wir|ich)|(?:wir|ich) nehmen?(?: .{0,40}?)? an|nehmen wir(?: .{0,40}?)?(?: an)?|nous acceptons|j.accepte|nous sommes d.accord|je suis d.accord|(?:aceptamos|acepto)(?! tarjetas?)|accettiamo|accetto|aceitamos|aceito|(?:wij|we|ik) accepter(?:en|t)|(?:wij|we) gaan akkoord|zgadzam[y]? się|akceptujemy|vi accepterar|vi accepterer|(?:мы )?соглас(?:ны|ен|на)|принимаем|kabul ediyoruz|동의합니다',
    ).source
  }|(?<![\\p{Script=Han}不])(?:我们|我們|我)?(?:同意|接受)|承諾します|同意します`,
  'iu',
);
/** Words that accept where a clause begins with them. */
const ALONE =
  /^(?:(?:ok|okay|yes|fine|good|well|ja|gut|oui|bien|sí|sì|sim|tak|да|then|so|also|all right)[ ,]*)*(?:accepted|agreed(?! to disagree)|(?:it.s a |we have a )?deal(?= *$| then| at| for)|sounds good|accept (?:the|your) (?:offer|package|schedule)|einverstanden|angenommen(?! (?:dass|sie|wir))|akzeptiert|abgemacht|passt (?:so|uns)|d'accord|c'est d'accord|de acuerdo(?! con)|trato hecho|de acordo(?! com)|akkoord|同意)(?!\p{L})/iu;
const MOCKED = whole(
  'in your dreams|dream on|as if|yeah,? right|haha\\p{L}*|hehe\\p{L}*|lol|rofl|jok(?:e|es|ing)|kidding|over (?:my|our) dead bod(?:y|ies)|when hell freezes|when pigs fly|no way|von wegen|im leben nicht|in ihren träumen|träumen sie|(?:ein|soll das ein) (?:scherz|witz)|machen sie witze|ja klar|mdr|dans vos rêves|vous plaisantez|et puis quoi encore|ni (?:en sueños|loco|loca|hablar)|está de broma|jaja\\p{L}*|neanche per sogno|sta scherzando|nem em sonhos|está brincando|kkk+|in je dromen|grapje|chyba żartuj\\p{L}*|я шучу|шутите',
);
/** Accepts in part, later, or in a thought. */
const QUALIFIED = whole(
  'subject to|pending|except|apart from|in principle|conditional(?:ly)?|almost|nearly|assume|suppose|imagine|pretend|say|tomorrow|later|vorbehaltlich|unter (?:dem )?vorbehalt|grundsätzlich|im prinzip|außer|bis auf|beinahe|morgen|später|nehmen? an,? dass|sous réserve|en principe|sauf|presque|sujeto a|en principio|salvo|excepto|casi|in linea di (?:principio|massima)|tranne|quasi|sujeito a|exceto|em princípio|onder voorbehoud|onder voorwaarden?|in principe|behalve|bijna|z zastrzeżeniem|oprócz|в принципе|кроме',
);
/** Between quotation marks: somebody else's words, or words that are spoken of. */
const CITED = /["“”„«»][^"“”„«»\n]{0,400}["“”„«»]/gu;

/** A message that is all in them is its author's own. */
const WHOLLY_CITED = /^\s*["“„«]([^"“”„«»]*)["“”»]\s*$/u;

/** Who speaks takes back what they asked for. */
const WITHDRAWS = whole(
  "(?:we|i)(?:['’](?:ll|d|m|re))?(?: (?:(?!may|might|could|can)\\p{L}+)){0,4}? (?:withdraw(?! your)|take (?:it|our request|my request|the request|this) back|drop (?:it|the request|our request))|" +
    '(?:to|please|hereby) (?:withdraw|drop|cancel) (?:it|our|my|the|this) ?(?:request|enquiry|inquiry)?|withdraw (?:our|my|the|this) request|(?:wir|ich) zieh(?:en|e)(?: .{0,40}?)? zurück|ziehen wir(?: .{0,40}?)? zurück|(?:wir|ich) (?:möchten?|wollen|will|werden?)(?: .{0,40}?)? zurückziehen|nous retirons|je retire|nous (?:voulons|souhaitons) retirer|retiramos|retiro|ritiriamo|(?:wij|we) trekken(?: .{0,40}?)? (?:in|terug)|wycofujemy|отзываем',
);
/** These say it with a "no" of their own. */
const LOST = whole(
  'no longer interested|not interested any ?more|(?:wir haben )?kein interesse mehr|ne sommes plus intéressés|ya no (?:nos|me) interesa|non siamo più interessati|já não (?:nos|me) interessa|geen interesse meer|nie jesteśmy już zainteresowani|больше не интересно',
);
/** Idioms mean it where nothing else is said. */
const LET_GO =
  /^[\s\p{P}]*(?:(?:ok|okay|well|then|na gut|gut|bon|bueno|please|bitte)[\s,]+)*(?:withdraw(?: it| this)?|never ?mind|forget (?:it|about it)|vergessen sie (?:es|das)|vergiss es|laissez tomber|olv[ií]de(?:lo|nlo)|lasci(?:a|ate) (?:perdere|stare)|deixe (?:pra|para) lá|laat maar|zapomnijcie|забудьте)(?:[\s,.!]+(?:then|thanks?(?: you)?|dann|danke|merci|gracias|grazie|obrigad[oa]|bedankt|dziękuję|спасибо))*[\s\p{P}]*$/iu;

const COMPLAINT = whole(
  'complain(?:t|ts|ing)?|unacceptable|outrageous|ridiculous|disgrace\\p{L}*|angry|furious|fed up|disappointed|terrible|rip.?off|scam|beschwer\\p{L}*|unverschämt\\p{L}*|frechheit|wütend|verärgert|enttäuscht|skandal|unmöglich|plainte|inacceptable|scandaleux|déçus?|furieux|queja|inaceptable|indignante|decepcionad\\p{L}*|reclamo|inaccettabile|vergogna|delus\\p{L}*|inaceitável|reclamação|klacht|onacceptabel|skarga|niedopuszczalne|жалоба|возмутительно|şikayet',
);

/** Asking for something, not about it. */
const REQUEST = whole(
  'can (?:we|i|you)|could (?:we|i|you)|would (?:you|it be)|may we|is it possible|how about|what about|what if|können (?:wir|sie)|könnten (?:wir|sie)|kann ich|geht auch|ginge|möglich|wäre|wie wäre es|peut.on|pouvez.vous|serait.il|podemos|pueden|podría\\p{L}*|sería posible|possiamo|potete|sarebbe|podemos|poderia\\p{L}*|kunnen we|możemy|можно|можем',
);
const ASKS = whole(
  'why|how|what|which|when|who|where|is there|are there|do you|does(?! not|n.t)|explain|warum|wieso|weshalb|wie|was|welche\\p{L}*|wann|wer|gibt es|erklären|pourquoi|comment|quel\\p{L}*|quand|qui|por qué|cómo|qué|cuál\\p{L}*|cuándo|quién|perché|come|quale|quando|chi|waarom|hoe|welke|wanneer|dlaczego|jak|kiedy|почему|как|какой|когда|neden|nasıl',
);

export interface Intents {
  readonly accepts: boolean;
  readonly withdraws: boolean;
  readonly complains: boolean;
  /** About something, and not for it. */
  readonly asks: boolean;
}

export function intentsOf(written: string): Intents {
  const text = readable(written);
  const isQuestion = /[?？؟]|吗|嗎|ですか|ますか|까요|니까/u.test(text) || ASKS.test(text);
  const isMeant = !isQuestion && !MOCKED.test(text) && !QUALIFIED.test(text);
  const clauses = clausesOf(text.replace(WHOLLY_CITED, '$1').replace(CITED, ' '));
  return {
    accepts: isMeant && isAccepted(clauses),
    withdraws: !isQuestion && (LET_GO.test(text) || clauses.some((clause) => isWithdrawn(clause, clauses))),
    complains: clausesOf(text).some(isComplaint),
    asks: isQuestion && !REQUEST.test(text),
  };
}

function isComplaint({ text }: Clause): boolean {
  const at = text.search(COMPLAINT);
  return at >= 0 && !isDenied(text.slice(Math.max(0, at - DENIES), at));
}

/** So far before a word stands what denies it and nothing else: in characters. */
const DENIES = 24;

/** One clause accepts, none says that it does not, and none of its sentence makes it depend on something. */
function isAccepted(clauses: readonly Clause[]): boolean {
  const speaking = clauses.filter(({ text }) => ACCEPTS.test(text) || ALONE.test(text.trim()));
  return (
    speaking.length > 0 &&
    speaking.every(
      (clause) => !isDenied(clause.text) && !isRestricted(clause.text) && !dependsOn(clause, clauses, true),
    )
  );
}

function isWithdrawn(clause: Clause, clauses: readonly Clause[]): boolean {
  const isSaid = LOST.test(clause.text)
    ? !isDenied(clause.text.replace(LOST, ' '))
    : WITHDRAWS.test(clause.text) && !isDenied(clause.text);
  return isSaid && !dependsOn(clause, clauses, false);
}

/** On a condition in its sentence; `also`: or on what is restricted or set against it after it. */
function dependsOn(clause: Clause, clauses: readonly Clause[], also: boolean): boolean {
  const sentence = clauses.filter((each) => each.sentence === clause.sentence);
  const after = clauses.filter((each) => each.from > clause.from && each.sentence <= clause.sentence + 1);
  return (
    sentence.some(({ text }) => conditionIn(text) !== undefined) ||
    (also && after.some(({ text, sentence: of }) => isAgainst(text) || (of === clause.sentence && isRestricted(text))))
  );
}

/** What can be asked about, beside the issues themselves. */
export const TOPICS = ['price', 'range', 'time', 'signoff', 'identity', 'next'] as const;
export type Topic = (typeof TOPICS)[number];

const ABOUT: Readonly<Record<Topic, RegExp>> = {
  price: whole(
    'prices?|costs?|cheaper|cheapest|lowest|best|discount|better|expensive|floor|limit|preis\\p{L}*|kosten|günstiger|billiger|rabatt|nachlass|teuer|besser\\p{L}*|niedrigste\\p{L}*|prix|moins cher|remise|réduction|precio\\p{L}*|más barato|descuento|prezz\\p{L}*|sconto|meno|preços?|desconto|prijs|korting|cena|rabat|цена|скидк\\p{L}*|fiyat|indirim',
  ),
  range: whole(
    'range|minimum|maximum|at least|at most|how (?:long|many|much)|up to|options?|spanne|mindest\\p{L}*|höchst\\p{L}*|wie (?:lange|viele?)|minimal\\p{L}*|maximal\\p{L}*|combien|cuánt\\p{L}*|quant\\p{L}*|hoeveel|ile|сколько',
  ),
  time: whole(
    'how long (?:does|do|is)|until when|deadline|expires?|expiry|valid|wie lange|bis wann|frist|gültig|läuft ab|jusqu.à quand|valable|hasta cuándo|válid\\p{L}*|fino a quando|tot wanneer|do kiedy|до какого',
  ),
  signoff: whole(
    'sign|signs|sign.?off|approv\\p{L}*|authori[sz]\\p{L}*|human|person|decides?|binding|freigab\\p{L}*|freigeben|genehmig\\p{L}*|unterschr\\p{L}*|mensch\\p{L}*|entscheidet|verbindlich|signature|signer|approuv\\p{L}*|humain|firma\\p{L}*|aprueba|humano|firmare|approva|umano',
  ),
  identity: whole(
    'who are you|are you (?:a |an )?(?:human|bot|robot|ai|machine|person|real)|bot|robot|chatbot|artificial|wer (?:sind sie|bist du)|sind sie (?:ein |eine )?(?:mensch|bot|ki|maschine|person)|roboter|êtes.vous|qui êtes|es usted|eres un|sei un|chi sei|quem é|ben je|kim jesteś|кто вы|вы робот',
  ),
  next: whole(
    'what (?:now|next|can i)|how do (?:i|we)|how can (?:i|we)|how does|next step\\p{L}*|help|was (?:nun|jetzt|kann ich)|wie geht|nächste\\p{L}* schritt\\p{L}*|hilfe|comment (?:faire|puis)|aide|cómo (?:puedo|podemos)|ayuda|come (?:posso|possiamo)|aiuto|como (?:posso|podemos)|ajuda|hoe kan|hulp|pomoc|помощь',
  ),
};

export function topicsOf(written: string): readonly Topic[] {
  const text = readable(written);
  return TOPICS.filter((topic) => ABOUT[topic].test(text));
}
