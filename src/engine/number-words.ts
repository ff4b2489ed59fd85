/** Numbers in words. Of each language those that mean nothing else there or in another of these; "one" is an article in most. */

const BY_LANGUAGE: Readonly<Record<string, string>> = {
  en: 'two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million millions half halves double twice thrice dozen dozens quarter third',
  de: 'zwei drei vier fünf sechs sieben acht neun zehn elf zwölf halb halbe halben hälfte doppelt doppelte dutzend viertel drittel',
  fr: 'deux trois quatre cinq sept huit neuf dix onze douze treize quatorze quinze seize vingt trente quarante cinquante soixante cent cents mille demi moitié double douzaine',
  es: 'dos tres cuatro cinco seis siete ocho nueve diez doce trece catorce quince dieciséis veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien ciento cientos mil mitad doble docena',
  it: 'tre quattro cinque sette otto nove dieci undici dodici venti trenta quaranta cinquanta sessanta settanta ottanta novanta cento mila metà doppio',
  pt: 'dois duas três quatro oito dez doze vinte trinta quarenta cinquenta sessenta setenta oitenta cem metade dobro',
  nl: 'twee drie vier vijf zes zeven negen tien elf twaalf twintig dertig veertig vijftig zestig zeventig tachtig negentig honderd duizend helft dubbel',
  pl: 'dwa dwie trzy cztery pięć sześć siedem osiem dziewięć dziesięć dwadzieścia trzydzieści czterdzieści pięćdziesiąt sto tysiąc połowa połowę',
  sv: 'två tre fyra fem sex sju åtta nio tio tjugo trettio fyrtio femtio hundra tusen halva hälften dubbelt',
  da: 'seks syv otte tyve tredive fyrre halvtreds hundrede tusind halvdelen',
  cs: 'dva dvě tři čtyři pět šest sedm osm devět deset dvacet třicet čtyřicet padesát tisíc polovina',
  tr: 'iki üç dört beş altı yedi sekiz dokuz yirmi otuz kırk elli yüz yarı yarısı',
  ru: 'два две три четыре пять шесть семь восемь девять десять двадцать тридцать сорок пятьдесят сто тысяча тысяч половина половину вдвое',
  uk: 'дві чотири п’ять шість сім вісім дев’ять десять двадцять тридцять п’ятдесят тисяча',
  ar: 'اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة عشرون مائة مئة ألف نصف',
};

/** German, Dutch and Scandinavian numbers grow together: fünfundvierzig. */
const GROWN =
  '\\p{L}*(?:zehn|zwanzig|dreißig|vierzig|fünfzig|sechzig|siebzig|achtzig|neunzig|hundert|tausend|million|millionen|entwintig|endertig|enveertig|envijftig|honderd|duizend)';

const WORDS = Object.values(BY_LANGUAGE)
  .flatMap((list) => list.split(' '))
  .join('|');

/** One in a text. Characters that are numerals in Chinese, Japanese and Korean stand in words too, and count all the same. */
export const NUMBER_WORD = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:${WORDS}|${GROWN})(?![\\p{L}\\p{N}])|[二三四五六七八九十百千万亿萬億半割折]`,
  'iu',
);
