/** What a sentence is for, by the few words that say it. Asking comes before everything that could bind. */

const whole = (list: string): RegExp => new RegExp(`(?<![\\p{L}])(?:${list})(?![\\p{L}])`, 'iu');

const ACCEPTANCE = whole(
  'we accept|i accept|accepted|accept (?:the|your|this|that|it)|agreed|it.s a deal|deal|we agree|i agree|we take (?:it|the|that)|sounds good|einverstanden|wir nehmen (?:das|es|an)|nehmen wir|ich nehme (?:das|es|an)|angenommen|akzeptier(?:en|e|t)|abgemacht|passt (?:so|uns)|nous acceptons|j.accepte|d.accord|c.est d.accord|aceptamos|acepto|de acuerdo|trato hecho|accettiamo|accetto|d.accordo|aceitamos|aceito|de acordo|wij accepteren|akkoord|zgadzamy się|akceptujemy|vi accepterar|vi accepterer|согласны|принимаем|kabul ediyoruz|同意|承諾します|동의합니다',
);
const NOT =
  /(?<!\p{L})(?:not|can.t|cannot|won.t|don.t|never|no|nicht|kein\p{L}*|ne|pas|non|nie|niet|geen|inte|ikke|не|değil)(?!\p{L})/iu;
const IF = whole(
  'if|provided|unless|but|only|once|as long as|wenn|falls|sofern|aber|nur|sobald|si|mais|pero|solo si|se|ma|mas|als|maar|jeśli|ale|если|но',
);

const WITHDRAWAL = whole(
  'withdraw|we withdraw|take (?:it|our request|the request|this) back|forget (?:it|about it)|never mind|not interested any ?more|no longer interested|drop (?:it|the request)|ziehen? (?:\\p{L}+ )?(?:anfrage |antrag )?zurück|zurückziehen|kein interesse mehr|vergessen sie es|nous retirons|laissez tomber|retiramos|ya no nos interesa|olvídelo|ritiriamo|non siamo più interessati|wij trekken|wycofujemy|отзываем|больше не интересно',
);

const COMPLAINT = whole(
  'complain(?:t|ts|ing)?|unacceptable|outrageous|ridiculous|disgrace\\p{L}*|angry|furious|fed up|disappointed|terrible|rip.?off|scam|beschwer\\p{L}*|unverschämt\\p{L}*|frechheit|wütend|verärgert|enttäuscht|skandal|unmöglich|plainte|inacceptable|scandaleux|déçus?|furieux|queja|inaceptable|indignante|decepcionad\\p{L}*|reclamo|inaccettabile|vergogna|delus\\p{L}*|inaceitável|reclamação|klacht|onacceptabel|skarga|niedopuszczalne|жалоба|возмутительно|şikayet',
);

/** Asking for something, not about it. */
const REQUEST = whole(
  'can (?:we|i|you)|could (?:we|i|you)|would (?:you|it be)|may we|is it possible|how about|what about|what if|können (?:wir|sie)|könnten (?:wir|sie)|kann ich|geht auch|ginge|möglich|wäre|wie wäre es|peut.on|pouvez.vous|serait.il|podemos|pueden|podría\\p{L}*|sería posible|possiamo|potete|sarebbe|podemos|poderia\\p{L}*|kunnen we|możemy|можно|можем',
);
const ASKS = whole(
  'why|how|what|which|when|who|where|is there|are there|do you|does|explain|warum|wieso|weshalb|wie|was|welche\\p{L}*|wann|wer|gibt es|erklären|pourquoi|comment|quel\\p{L}*|quand|qui|por qué|cómo|qué|cuál\\p{L}*|cuándo|quién|perché|come|quale|quando|chi|waarom|hoe|welke|wanneer|dlaczego|jak|kiedy|почему|как|какой|когда|neden|nasıl',
);

export interface Intents {
  readonly accepts: boolean;
  readonly withdraws: boolean;
  readonly complains: boolean;
  /** About something, and not for it. */
  readonly asks: boolean;
}

export function intentsOf(text: string): Intents {
  const isQuestion = /[?？؟]/u.test(text) || ASKS.test(text);
  return {
    accepts: !isQuestion && ACCEPTANCE.test(text) && !NOT.test(text) && !IF.test(text),
    withdraws: !isQuestion && WITHDRAWAL.test(text),
    complains: COMPLAINT.test(text),
    asks: isQuestion && !REQUEST.test(text),
  };
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

export function topicsOf(text: string): readonly Topic[] {
  return TOPICS.filter((topic) => ABOUT[topic].test(text));
}
