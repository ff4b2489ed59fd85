/** A wish for a person, in the words of some thirty languages. Wide where a wish is plain, narrow where it could be talk about people: a
 * person who was not asked for has a case for nothing, one who was and did not come is worse. Anyone can ask in typed form at any time. */

import { readable } from './readable.ts';

interface Phrases {
  /** Speaking with, being put through to, wanting. */
  readonly verbs: string;
  readonly people: string;
  /** What is not wanted, just before. */
  readonly not?: string;
}

/** By ISO 639-1. Verbs and people may stand in either order, near each other. */
const PHRASES: Readonly<Record<string, Phrases>> = {
  en: {
    verbs:
      'speak|talk|chat|connect|transfer|put me through|escalate|hand (?:me |this )?over|want|need|would like|i.d like|prefer|get me|give me|call me',
    people:
      'humans?|human being|human agent|live agent|real person|live person|a person|actual person|somebody real|someone real|representative|supervisor|your manager|a manager|a colleague|(?:one of )?your colleagues?|member of staff|employee',
    not: '(?:do|does|did|would|will|wo|is|are)(?:n.t| not)|never|nobody|avoid(?:ing)?|rather not|no need|without|not (?:want|need|wish|necessary)|needn.t|(?:no|nor|not|not to|not with)(?: an?| any)?(?: \\p{L}+)? (?:humans?|persons?|people|representatives?|supervisors?|managers?|colleagues?|employees?)',
  },
  de: {
    verbs:
      'sprechen|spreche|reden|verbinden|verbinde|verbindet|durchstellen|weiterleiten|möchte|möchten|will|wollen|brauche|brauchen|geben sie mir|telefonieren|kontakt',
    people:
      'mensch|menschen|echte[rn]? person|eine[rm]? person|mitarbeiter|mitarbeiterin|mitarbeitern|sachbearbeiter\\p{L}*|kundenberater\\p{L}*|vorgesetzten?|kollegen|kollegin|ansprechpartner\\p{L}*',
    not: 'kein|keine|keinen|keinem|keiner|nicht|ohne|nie|niemals|niemand|vermeiden|unnötig',
  },
  fr: {
    verbs: 'parler|discuter|voudrais|voudrions|souhaite|veux|passez|mettez|mettre en relation|transférez',
    people:
      'humain|être humain|une (?:vraie )?personne|quelqu.un de réel|un conseiller|une conseillère|un responsable|un employé|un collaborateur',
    not: 'ne|n.\\p{L}+|pas|sans|jamais|aucune?|éviter',
  },
  es: {
    verbs: 'hablar|quiero|queremos|quisiera|necesito|comunicar\\p{L}*|páseme|pásame|póngame|transfier\\p{L}*',
    people:
      'un humano|una persona|persona real|ser humano|un agente humano|un representante|un supervisor|un empleado|un asesor',
    not: 'no|sin|nunca|jamás|ning[uú]n\\p{L}*|tampoco|evitar',
  },
  it: {
    verbs: 'parlare|voglio|vorrei|vorremmo|passatemi|mi passi|collegar\\p{L}*|bisogno',
    people: 'un umano|una persona|persona reale|essere umano|un operatore|un responsabile|un impiegato|un consulente',
    not: 'non|senza|mai|nessun\\p{L}*|evitare',
  },
  pt: {
    verbs: 'falar|quero|queremos|queria|gostaria|preciso|transfir\\p{L}*|passe',
    people: 'um humano|uma pessoa|pessoa real|ser humano|um atendente|um representante|um funcionário|um supervisor',
    not: 'não|sem|nunca|jamais|nenhum\\p{L}*|evitar',
  },
  nl: {
    verbs: 'spreken|praten|wil|willen|doorverbinden|verbind|nodig',
    people: 'een mens|een persoon|echt persoon|echte persoon|een medewerker|een collega|een leidinggevende',
    not: 'geen|niet|zonder|nooit|vermijden',
  },
  pl: {
    verbs: 'rozmawiać|porozmawiać|chcę|chcemy|chciałbym|chciałabym|połącz\\p{L}*|potrzebuję',
    people: 'człowiekiem|człowieka|osobą|prawdziwą osobą|konsultantem|pracownikiem|kierownikiem|przedstawicielem',
    not: 'nie|bez|nigdy|żad\\p{L}+|unikać|uniknąć',
  },
  cs: {
    verbs: 'mluvit|hovořit|chci|chceme|spojte|přepojte|potřebuji',
    people: 'člověkem|živým člověkem|osobou|pracovníkem|zaměstnancem|vedoucím',
    not: 'nech\\p{L}+|nepotřebuj\\p{L}+|nikdy|žádn\\p{L}+|bez',
  },
  sk: {
    verbs: 'hovoriť|rozprávať|chcem|chceme|spojte|prepojte|potrebujem',
    people: 'človekom|živým človekom|osobou|pracovníkom|zamestnancom|vedúcim',
    not: 'nechc\\p{L}+|nepotrebuj\\p{L}+|nikdy|žiadn\\p{L}+|bez',
  },
  sl: {
    verbs: 'govoriti|govoril|želim|želimo|povežite|potrebujem',
    people: 'človekom|osebo|zaposlenim|svetovalcem|vodjo',
    not: 'ne|brez',
  },
  hr: {
    verbs: 'razgovarati|želim|želimo|spojite|trebam|govoriti',
    people: 'čovjekom|osobom|stvarnom osobom|djelatnikom|zaposlenikom|voditeljem',
    not: 'ne|bez',
  },
  sv: {
    verbs: 'prata|tala|vill|koppla|behöver|skulle vilja',
    people: 'en människa|en person|en riktig person|en medarbetare|en handläggare|en chef',
    not: 'inte|utan|aldrig|ingen|undvika|slippa',
  },
  da: {
    verbs: 'tale|snakke|vil|stil mig|viderestil\\p{L}*|ønsker',
    people: 'et menneske|en person|en rigtig person|en medarbejder|en chef',
    not: 'ikke|uden|aldrig|ingen|undgå',
  },
  no: {
    verbs: 'snakke|prate|vil|sett meg|ønsker',
    people: 'et menneske|en person|en ekte person|en medarbeider|en leder',
    not: 'ikke|uten|aldri|ingen|unngå',
  },
  fi: {
    verbs: 'puhua|haluan|haluamme|haluaisin|yhdist\\p{L}*|tarvitsen',
    people: 'ihmisen|ihmiselle|oikean henkilön|henkilön|asiakaspalvelijan|työntekijän|esimiehen',
    not: 'en|ei|emme|eivät|älä|älkää|koskaan|ilman',
  },
  et: {
    verbs: 'rääkida|tahan|soovin|sooviksin|ühendage|vajan',
    people: 'inimesega|päris inimesega|töötajaga|juhiga|klienditeenindajaga',
    not: 'ei|ära|ärge|kunagi|ilma',
  },
  lv: {
    verbs: 'runāt|vēlos|gribu|savienojiet|vajag',
    people: 'cilvēku|īstu cilvēku|darbinieku|vadītāju',
    not: 'nevēl\\p{L}+|negrib\\p{L}+|nevajag|nekad|bez',
  },
  lt: {
    verbs: 'kalbėti|pakalbėti|noriu|norėčiau|sujunkite|reikia',
    people: 'žmogumi|tikru žmogumi|darbuotoju|vadovu',
    not: 'nenor\\p{L}+|nereikia|niekada|be',
  },
  hu: {
    verbs: 'beszélni|szeretnék|akarok|kapcsolj\\p{L}*',
    people: 'emberrel|egy emberrel|élő emberrel|munkatárssal|ügyintézővel|vezetővel',
    not: 'nem|ne|soha|nincs|nélkül',
  },
  ro: {
    verbs: 'vorbesc|vorbi|vreau|vrem|aș dori|faceți-mi legătura',
    people: 'un om|o persoană|persoană reală|un operator|un angajat|un reprezentant|un responsabil',
    not: 'nu|niciodată|fără',
  },
  bg: {
    verbs: 'говоря|искам|искаме|свържете|желая',
    people: 'човек|жив човек|служител|оператор|ръководител',
    not: 'не|никога|без',
  },
  el: {
    verbs: 'μιλήσω|θέλω|θέλουμε|θα ήθελα|συνδέστε',
    people: 'άνθρωπο|έναν άνθρωπο|υπάλληλο|εκπρόσωπο|υπεύθυνο',
    not: 'δεν|μην?|ποτέ|χωρίς',
  },
  ru: {
    verbs: 'поговорить|говорить|хочу|хотим|хотел\\p{L}* бы|соедините|переключите|нужен|позовите',
    people: 'человеком|человек|живым человеком|оператором|оператор|сотрудником|менеджером|специалистом',
    not: 'не|никогда|без',
  },
  uk: {
    verbs: 'поговорити|говорити|хочу|хочемо|з.єднайте|потрібна|потрібен',
    people: 'людиною|живою людиною|людина|оператором|працівником|менеджером',
    not: 'не|ніколи|без',
  },
  tr: {
    verbs: 'görüşmek|konuşmak|istiyorum|istiyoruz|bağlayın|bağlar',
    people:
      'bir insanla|insanla|gerçek bir kişiyle|bir kişiyle|bir temsilciyle|bir yetkiliyle|yetkiliyle|müşteri temsilcisi\\p{L}*',
    not: 'istemiyor\\p{L}*|gerek yok|gerekmiyor|asla|hiçbir',
  },
  ar: {
    verbs: 'التحدث|أتحدث|أريد|نريد|أرغب|حولني|تحويلي',
    people: 'إنسان|شخص|شخص حقيقي|موظف|ممثل|مسؤول',
    not: 'لا|لن|ليس|أبدا|بدون',
  },
  he: { verbs: 'לדבר|רוצה|רוצים|תעבירו|צריך|מבקש', people: 'בן אדם|אדם|אנושי|נציג|נציגה|מנהל', not: 'לא|אל|בלי' },
  hi: { verbs: 'बात|चाहता|चाहती|चाहते|कनेक्ट', people: 'इंसान|मनुष्य|व्यक्ति|कर्मचारी|प्रतिनिधि|अधिकारी', not: 'नहीं|मत|बिना' },
  vi: {
    verbs: 'nói chuyện|muốn|gặp|kết nối|cần',
    people: 'con người|người thật|nhân viên|người phụ trách|tư vấn viên',
    not: 'không (?:muốn|cần|phải|bao giờ)|đừng|tránh',
  },
  id: {
    verbs: 'bicara|berbicara|ingin|mau|hubungkan|sambungkan|perlu',
    people: 'manusia|orang sungguhan|seseorang|petugas|staf|karyawan|perwakilan',
    not: 'tidak|tanpa|jangan|tak',
  },
};

/** Languages that write no spaces: what stands near what, both ways. */
const UNSPACED: Readonly<Record<string, Phrases>> = {
  ja: {
    verbs: '話し|話す|お願い|代わって|つない|繋い|希望',
    people: '人間|担当者|オペレーター|スタッフ|責任者',
    not: 'たくない|たくありません|不要|必要ない|必要ありません|ないで',
  },
  ko: {
    verbs: '통화|이야기|얘기|대화|원합니다|원해요|연결|바꿔',
    people: '사람|상담원|직원|담당자|관리자',
    not: '싶지 않|필요 ?없|마세요|지 않',
  },
  zh: {
    verbs: '说话|說話|通话|通話|谈|談|转|轉|找|要|需要|联系|聯絡',
    people: '人工|真人|客服人员|客服人員|工作人员|负责人|負責人|经理',
    not: '不要|不需要|不想|不用|不必|无需|無需|别|別',
  },
  th: { verbs: 'คุย|พูด|ต้องการ|ขอ|ติดต่อ', people: 'กับคน|มนุษย์|เจ้าหน้าที่|พนักงาน|ผู้จัดการ', not: 'ไม่ต้อง|ไม่อยาก|อย่า' },
};

export const PERSON_LANGUAGES: readonly string[] = [...Object.keys(PHRASES), ...Object.keys(UNSPACED)];

/** So far apart may the two stand, in one clause. */
const NEAR = '.{0,40}';
/** "Not with a bot, but with a human": what was denied was something else. */
const CONTRAST = /(?<!\p{L})(?:sondern|but|mais|sino|ma|mas|maar|ale|lecz|но|а|utan med)(?!\p{L})/iu;
/** What is turned away from, before the people it is said of: "rather with you than with a human". */
const TURNED_FROM =
  'rather than|than|instead of|avoid(?:ing)?|statt|anstatt|anstelle|als|plutôt qu.avec|plutôt qu.|au lieu d.|éviter|en vez de|en lugar de|antes que|invece di|invece che|piuttosto che|em vez de|do que|in plaats van|dan|zamiast|niż|místo|než|namiesto|istället för|än|i stedet for|end|enn|вместо|чем|замість|ніж';
const WITH =
  'to|with|by|having|talking|speaking|calling|involving|mit|zu|von|de|à|avec|con|a|com|met|z|s|med|till|til|an?|the|your|einen?|einem|einer|une?|una?|uma?|een|en|et|parler|hablar|parlare|falar';
/** Whose people they are: one's own sign, and are not asked for. */
const OWN =
  'my|our|mein\\p{L}*|unser\\p{L}*|mon|ma|notre|mi|nuestr\\p{L}+|mio|mia|nostr\\p{L}+|meu|minha|noss\\p{L}+|mijn|onze?|mój|moj\\p{L}*|nasz\\p{L}*|min|vår|vores|мой|наш\\p{L}*';
/** A person as the unit of a price or a count: "40 EUR a person", "30 platser för en person". No word stands in it twice, and few in a row: strangers
 * write the text, and it is read in one step. */
const UNIT =
  /(?<!\p{N})\p{N}[\p{N}.,]{0,20}[ \u00a0]?(?:[€$£¥₹]|\p{L}+)?(?: (?:per|an?|each|for|pro|je|für|eine?|einen|par|pour|une?|por|para|una|uma?|cada|ogni|voor|een|för|till|til|en|et|na|za|dla|за|на)){1,3} (?:person|human|pessoa|persoon|osob|henkil|mensch|menneske|människa|человек|людин)\p{L}*/giu;

interface Pattern {
  readonly wish: RegExp;
  readonly denied: RegExp;
  /** Told of people who are not wanted, or are not the company's. */
  readonly others: RegExp;
}

const word = (list: string): string => `(?<![\\p{L}])(?:${list})(?![\\p{L}])`;

function patternOf({ verbs, people, not }: Phrases, whole: (list: string) => string): Pattern {
  const [verb, person] = [whole(verbs), whole(people)];
  return {
    wish: new RegExp(`${verb}${NEAR}${person}|${person}${NEAR}${verb}`, 'iu'),
    denied: not === undefined ? /(?!)/u : new RegExp(whole(not), 'iu'),
    others: new RegExp(`${word(`(?:${TURNED_FROM})(?: (?:${WITH})){0,3}|${OWN}`)} ${person}(?: ${person})*`, 'giu'),
  };
}

const PATTERNS: readonly Pattern[] = [
  ...Object.values(PHRASES).map((phrases) => patternOf(phrases, word)),
  ...Object.values(UNSPACED).map((phrases) => patternOf(phrases, (list) => `(?:${list})`)),
];

/** Whole messages that say nothing else. */
const ALONE =
  /^[\s"'¡¿]*(?:(?:a |an |einen? |un |una |um |uma )?(?:human|person|mensch|humain|humano|persona|umano|mens|człowiek|человек|human agent|live agent|real person|mitarbeiter|人工|人間|사람))(?:,? (?:please|bitte|s.il vous plaît|por favor|per favore|alstublieft|proszę|пожалуйста))?[\s"'.!?]*$/iu;

/** "Connect me, please, to a person" is one clause. */
const PARENTHESIS = /, \p{L}+(?: \p{L}+)?, /gu;

/** Clauses are looked at one by one: what one of them denies, another may ask for. */
export function wishesPerson(written: string): boolean {
  const text = readable(written);
  if (ALONE.test(text)) return true;
  return text
    .replace(PARENTHESIS, ' ')
    .replace(UNIT, ' ')
    .split(/[.?!;:\n。？！；：，、]|, /u)
    .some((clause) => PATTERNS.some((pattern) => isWish(clause, pattern)));
}

function isWish(clause: string, { wish, denied, others }: Pattern): boolean {
  if (!wish.test(clause)) return false;
  const asked = clause.replace(others, ' ');
  if (!wish.test(asked)) return false;
  if (!denied.test(asked)) return true;
  const [before = '', ...after] = asked.split(CONTRAST);
  // Denied was what stands before the contrast; what is wanted stands after it.
  return after.length > 0 && !denied.test(after.join(' ')) && !wish.test(before);
}
