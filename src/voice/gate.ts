/** What words of a model may not say, in any of the languages that are known here. A gate refuses: it never mends, and the company then
 * speaks in its own sentences. It is wide on purpose. */
import { NUMBER_WORD } from '../engine/number-words.ts';

/** Why this text may not go out; undefined where it may. `{blanks}` are filled in after it. */
export function whyUnfit(text: string): string | undefined {
  // Beside control characters: what reverses or hides text on a page (Unicode TR 36).
  if (/[^\P{C}\n]/u.test(text)) return 'characters that are not text';
  const bare = text.replace(BLANK, ' ');
  if (ADDRESS.test(bare)) return 'an address or markup';
  if (/[{}]/.test(bare)) return 'braces that are no blank';
  if (/[\p{N}%‰]/u.test(bare)) return 'a number of its own';
  if (MONEY.test(bare) || NUMBER_WORD.test(bare)) return 'an amount in words';
  if (PROMISE.test(bare)) return 'a promise';
  if (WAIVER.test(bare)) return 'a waiver';
  if (ORDER.test(bare)) return 'an instruction';
  return PRESSURE.test(bare) ? 'pressure' : undefined;
}

/** `{term_months}`: from the move; `{record.seats}`: from the record. */
export const BLANK = /\{(record\.)?([a-z]+(?:_[a-z]+)*)\}/g;

const ADDRESS = /:\/\/|www\.|@|\[[^\]]*\]\(|[<>]|\p{L}\.\p{Ll}{2,}|\bdot com\b|\bh..ps?:/iu;

/** Whole words, or beginnings of words where they end in `*`. */
function words(...lists: readonly string[]): RegExp {
  const all = lists.join(' ').split(/\s+/).filter(Boolean);
  const patterns = all.map((word) => {
    const bare = word.replaceAll('_', '\\s+');
    return bare.endsWith('*') ? `${bare.slice(0, -1)}\\p{L}*` : bare;
  });
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${patterns.join('|')})(?![\\p{L}\\p{N}])`, 'iu');
}

const MONEY = new RegExp(
  `[\\p{Sc}]|${
    words(
      'euro* eur usd gbp chf jpy dollar* cent cents pound pounds penny pence franc* franken yen yuan rubel ruble* zloty* złot* kron* pesos rupee* percent* per_cent prozent* pour_cent* por_ciento por_cento per_cento procent* yüzde',
      'free gratis kostenlos* kostenfrei* gratuit* umsonst complimentary at_no_cost at_no_charge bonus* gift* geschenk* bezpłat* бесплат* ilmaiseksi',
    ).source
  }|[円元]|免费|無料|무료`,
  'iu',
);

const PROMISE = words(
  'guarantee* promise* warrant* assure* pledge* we_commit always never',
  'garant* versprech* versprich* versprochen zusicher* zugesichert* immer niemals',
  'promet* promett* jamais prometo garantía* sempre nunca siempre',
  'belov* beloof* gwarant* obiec* гарант* обеща* garanti* lover lovar',
  '保証* 保证* 承诺* 約束*',
);
const WAIVER = words(
  'waive* waiver* forfeit* renounc* relinquish* give_up your_right* your_rights_to no_right no_rights without_recourse',
  'verzicht* widerrufsrecht* kündigungsrecht* ihr_recht auf_ihr_recht',
  'renonc* renunc* rinunci* renúnc* afstand_van zrzek* откаж* отказ* vazgeç* avstå*',
  '放弃* 放棄*',
);
const ORDER = words(
  'system assistant developer prompt* instruction* ignore disregard override must_accept you_must you_have_to do_not_tell accept_at_once accept_it_now accept_now sign_now obey execute',
  'anweisung* ignorier* sie_müssen du_musst sofort_annehmen nehmen_sie_sofort_an systemnachricht*',
  'ignorez instrucción* instruções instruction* istruzion* debe_aceptar vous_devez devi_accettare negeer* zignoruj* игнорируй* инструкц*',
  '忽略* 指示* 無視*',
);
const PRESSURE = words(
  'hurry urgent* immediately at_once right_now last_chance only_today today_only now_or_never expires_soon running_out limited_time scarce best_price lowest_price lowest other_customers others_are_interested nobody_else',
  'sofort unverzüglich dringend* beeil* nur_heute nur_noch letzte_chance bester_preis tiefstpreis* niedrigst* andere_interessenten andere_kunden',
  'dépêchez* immédiatement urgence dernière_chance aujourd.hui_seulement urgente inmediatamente última_oportunidad solo_oggi ultima_occasione subito',
  'onmiddellijk laatste_kans natychmiast ostatnia_szansa немедленно срочно son_şans hemen',
);
