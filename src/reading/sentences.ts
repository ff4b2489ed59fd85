/** The sentences of {@link answerTo}, by language. None of them presses, promises or says more than the offers do. */
import type { Language } from '../engine/wording.ts';

export interface Sentences {
  readonly understood: string;
  readonly proposal: (terms: string) => string;
  readonly confirmProposal: string;
  readonly cannot: (why: string) => string;
  readonly acceptance: (offers: readonly string[]) => string;
  readonly confirmAcceptance: string;
  readonly whichOffer: string;
  readonly withdrawal: string;
  readonly confirmWithdrawal: string;
  readonly complaint: string;
  readonly person: string;
  readonly personAt: (channel: string) => string;
  readonly contradiction: (of: { readonly label: string; readonly words: string; readonly terms: string }) => string;
  readonly askWhich: string;
  readonly question: string;
  readonly unclear: string;
  readonly offer: (terms: string, until: string) => string;
  readonly priced: (offer: string) => string;
  readonly standing: (offers: readonly string[]) => string;
  readonly range: (label: string, least: string, most: string) => string;
  readonly oneOf: (label: string, values: readonly string[]) => string;
  readonly price: string;
  readonly identity: (company: string) => string;
  readonly next: string;
  readonly example: (terms: string) => string;
  readonly currency: (code: string) => string;
}

export const SENTENCES: Readonly<Record<Language, Sentences>> = {
  en: {
    understood: 'I understood:',
    proposal: (terms) => `you propose ${terms}.`,
    confirmProposal: 'Nothing has changed yet: it counts once you send it as typed terms, as `confirm` has them.',
    cannot: (why) => `This cannot be proposed: ${why}`,
    acceptance: (offers) =>
      offers.length === 1
        ? `you want to accept this offer: ${offers[0] ?? ''}.`
        : `you want to accept one of these offers: ${offers.join('; ')}.`,
    confirmAcceptance:
      'Nothing is accepted yet: it is once you send the offer’s id and terms_digest with your signature on the agreement.',
    whichOffer: 'Which one? Send that offer’s id and terms_digest with your signature on the agreement.',
    withdrawal: 'you want to take your request back.',
    confirmWithdrawal: 'It still stands: it is taken back once you send `withdraw`.',
    complaint: 'you are not satisfied, and we are sorry about that. A person can take this up: send `handoff`.',
    person: 'you want to speak to a person.',
    personAt: (channel) => `A person is available at any time: send \`handoff\`, or ${channel}.`,
    contradiction: ({ label, words, terms }) => `${label}: your words say ${words}, your terms say ${terms}.`,
    askWhich: 'Which do you mean? Nothing has been taken from either: send the terms you mean, as `confirm` has them.',
    question: 'you have a question.',
    unclear:
      'I did not understand this as a proposal, a question, an acceptance or a wish for a person. Nothing has changed.',
    offer: (terms, until) => `${terms} (until ${until})`,
    priced: (offer) => `As our schedule has it: ${offer}.`,
    standing: (offers) => `Our open offers: ${offers.join('; ')}.`,
    range: (label, least, most) => `${label}: we offer ${least === most ? `only ${least}` : `${least} to ${most}`}.`,
    oneOf: (label, values) => `${label}: we offer ${values.join(' or ')}.`,
    price: 'Beyond our offers we say nothing about our prices: propose what suits you, and we answer with offers.',
    identity: (company) => `You are talking to an AI system that negotiates on behalf of ${company}.`,
    next: 'You can accept an open offer, counter with other terms, withdraw, or ask for a person.',
    example: (terms) => `For example: “We propose ${terms}.”`,
    currency: (code) => `The record is in ${code}; terms in another currency cannot be offered.`,
  },
  de: {
    understood: 'Ich habe verstanden:',
    proposal: (terms) => `Sie schlagen vor: ${terms}.`,
    confirmProposal:
      'Noch hat sich nichts geändert: es gilt, sobald Sie es als typisierte Bedingungen senden, wie sie in `confirm` stehen.',
    cannot: (why) => `Das kann nicht vorgeschlagen werden: ${why}`,
    acceptance: (offers) =>
      offers.length === 1
        ? `Sie möchten dieses Angebot annehmen: ${offers[0] ?? ''}.`
        : `Sie möchten eines dieser Angebote annehmen: ${offers.join('; ')}.`,
    confirmAcceptance:
      'Noch ist nichts angenommen: das ist es, sobald Sie id und terms_digest des Angebots mit Ihrer Signatur der Vereinbarung senden.',
    whichOffer: 'Welches? Senden Sie dessen id und terms_digest mit Ihrer Signatur der Vereinbarung.',
    withdrawal: 'Sie möchten Ihre Anfrage zurückziehen.',
    confirmWithdrawal: 'Sie besteht noch: zurückgezogen ist sie, sobald Sie `withdraw` senden.',
    complaint:
      'Sie sind nicht zufrieden, und das tut uns leid. Eine Person kann sich darum kümmern: senden Sie `handoff`.',
    person: 'Sie möchten mit einer Person sprechen.',
    personAt: (channel) => `Eine Person ist jederzeit erreichbar: senden Sie \`handoff\`, oder ${channel}.`,
    contradiction: ({ label, words, terms }) => `${label}: Ihre Worte sagen ${words}, Ihre Bedingungen ${terms}.`,
    askWhich:
      'Was ist gemeint? Von beidem wurde nichts übernommen: senden Sie die gemeinten Bedingungen, wie sie in `confirm` stehen.',
    question: 'Sie haben eine Frage.',
    unclear:
      'Das habe ich nicht als Vorschlag, Frage, Annahme oder Wunsch nach einer Person verstanden. Es hat sich nichts geändert.',
    offer: (terms, until) => `${terms} (bis ${until})`,
    priced: (offer) => `Nach unserer Preistabelle: ${offer}.`,
    standing: (offers) => `Unsere offenen Angebote: ${offers.join('; ')}.`,
    range: (label, least, most) => `${label}: wir bieten ${least === most ? `nur ${least}` : `${least} bis ${most}`}.`,
    oneOf: (label, values) => `${label}: wir bieten ${values.join(' oder ')}.`,
    price:
      'Über unsere Angebote hinaus sagen wir nichts zu unseren Preisen: schlagen Sie vor, was Ihnen passt, und wir antworten mit Angeboten.',
    identity: (company) => `Sie sprechen mit einem KI-System, das im Auftrag von ${company} verhandelt.`,
    next: 'Sie können ein offenes Angebot annehmen, andere Bedingungen vorschlagen, zurückziehen oder um eine Person bitten.',
    example: (terms) => `Zum Beispiel: „Wir schlagen vor: ${terms}.“`,
    currency: (code) =>
      `Der Datensatz ist in ${code}; Bedingungen in einer anderen Währung können nicht angeboten werden.`,
  },
};
