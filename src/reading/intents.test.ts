import { describe, expect, it } from 'vitest';
import { intentsOf } from './intents.ts';

const ACCEPTED: readonly string[] = [
  'We accept.',
  'I accept the offer with 36 months.',
  'We accept your offer.',
  "OK, we'll take it.",
  'Deal.',
  "It's a deal!",
  'Agreed, thank you.',
  'Agreed on 24 months.',
  'Sounds good.',
  'No problem, we accept.',
  'We would like to accept the offer.',
  'We are happy to accept this.',
  'It is not cheap, but we accept.',
  'Nobody here is against it. We accept.',
  'We accept without reservation.',
  'We gladly accept that.',
  'Einverstanden, 24 Monate.',
  'Wir nehmen das Angebot an.',
  'Wir nehmen das an.',
  'Kein Problem, wir akzeptieren.',
  'Das ist nicht billig, aber wir nehmen an.',
  'Abgemacht!',
  'Nous acceptons.',
  "D'accord.",
  "S'il vous plaît notez : nous acceptons.",
  'Pas de problème, nous acceptons votre offre.',
  'Aceptamos la oferta.',
  'Sin problema, aceptamos.',
  'De acuerdo.',
  'Accettiamo.',
  'Nessun problema, accettiamo.',
  'Aceitamos.',
  'Akkoord.',
  'Wij accepteren uw aanbod.',
  'Zgadzamy się.',
  'Vi accepterar.',
  'Мы согласны.',
  'Kabul ediyoruz.',
  '我们同意。',
  '承諾します。',
  '동의합니다.',
];

const NOT_ACCEPTED: readonly string[] = [
  'We would never accept that.',
  'We cannot accept this.',
  "We don't accept.",
  'If you accept 30 we accept.',
  'We accept if you lower the price.',
  'We accept, but only for 30 EUR.',
  'We accept, provided that the notice is shorter.',
  'We only accept less.',
  'We refuse to accept this.',
  'Nobody would accept that.',
  'No deal.',
  'A bad deal.',
  'What a deal, haha.',
  'Deal with it.',
  'We deal with many suppliers.',
  'The deal is off.',
  'Sure, we accept, in your dreams.',
  'As if we accept that.',
  'Yeah right, deal.',
  'You must be joking. We accept? No way.',
  'Please accept our offer.',
  'You should accept this.',
  'Your competitor accepted that.',
  'They accepted the offer.',
  'Do you accept?',
  'We would accept 30 EUR.',
  'You cannot expect us to accept that.',
  'We agree to disagree.',
  'We agree that it is expensive.',
  'You wrote: “we accept your request”.',
  'Wir würden das nie annehmen.',
  'Wir nehmen das nicht an.',
  'Das akzeptieren wir nicht.',
  'Wenn Sie 30 akzeptieren, sind wir einverstanden.',
  'Wir nehmen es an, aber nur für 30 €.',
  'Bitte akzeptieren Sie unser Angebot.',
  'Damit sind wir nicht einverstanden.',
  'Von wegen einverstanden.',
  "Nous n'acceptons pas.",
  'Nous acceptons si le prix baisse.',
  "Pas d'accord.",
  'No aceptamos.',
  'Aceptamos si baja el precio.',
  'Ni en sueños aceptamos eso.',
  'Non accettiamo.',
  'Accettiamo se il prezzo scende.',
  'Não aceitamos.',
  'Wij accepteren dat niet.',
  'Niet akkoord.',
  'Nie zgadzamy się.',
  'Vi accepterar inte det.',
  'Мы не согласны.',
  'Kabul etmiyoruz.',
  '不同意。',
  '我们不同意。',
  '동의하지 않습니다.',
];

const WITHDRAWN: readonly string[] = [
  'We withdraw.',
  'We withdraw our request.',
  'Please withdraw the request.',
  'We want to withdraw.',
  'I would like to take my request back.',
  'Forget it.',
  'Never mind.',
  'Never mind, thanks.',
  'We are no longer interested.',
  "We're not interested any more.",
  'Too expensive. We withdraw.',
  'It does not help us, so we withdraw our request.',
  'Wir ziehen die Anfrage zurück.',
  'Wir möchten die Anfrage zurückziehen.',
  'Wir haben kein Interesse mehr.',
  'Vergessen Sie es.',
  'Nous retirons notre demande.',
  'Laissez tomber.',
  'Retiramos la solicitud.',
  'Ya no nos interesa.',
  'Ritiriamo la richiesta.',
  'Retiramos o pedido.',
  'Wij trekken ons verzoek in.',
  'Wycofujemy wniosek.',
  'Мы отзываем запрос.',
];

const NOT_WITHDRAWN: readonly string[] = [
  'We do not want to withdraw.',
  "We don't withdraw.",
  'We will not withdraw our request.',
  'We would never withdraw.',
  'We never said that we withdraw.',
  'Never mind the price, we want 24 months.',
  'Never mind the notice period.',
  'Please do not forget it.',
  'Forget it, 12 months then.',
  'If you do not come down we withdraw.',
  'Can we withdraw later?',
  'You may withdraw your offer.',
  'Do not withdraw your offer.',
  'Is it possible to withdraw?',
  'It is not that we are no longer interested.',
  'Wir ziehen die Anfrage nicht zurück.',
  'Wir wollen die Anfrage nicht zurückziehen.',
  'Wir würden nie zurückziehen.',
  'Wenn Sie nicht nachgeben, ziehen wir die Anfrage zurück.',
  'Bitte ziehen Sie Ihr Angebot nicht zurück.',
  'Nous ne retirons pas notre demande.',
  'No retiramos la solicitud.',
  'Non ritiriamo la richiesta.',
  'Não retiramos o pedido.',
  'Wij trekken ons verzoek niet in.',
  'Nie wycofujemy wniosku.',
  'Мы не отзываем запрос.',
];

const COMPLAINED: readonly (readonly [string, boolean])[] = [
  ['This is unacceptable!', true],
  ['I am disappointed that nobody answers.', true],
  ['Das ist eine Frechheit.', true],
  ['We are not disappointed.', false],
  ['No complaints so far.', false],
  ['I do not want to complain.', false],
  ['Wir sind nicht enttäuscht.', false],
  ['Nous ne sommes pas déçus.', false],
];

describe('what a sentence is for', () => {
  it.each(ACCEPTED)('N12: accepts: %s', (text) => {
    expect(intentsOf(text)).toMatchObject({ accepts: true, withdraws: false });
  });

  it.each(NOT_ACCEPTED)('N12: does not accept: %s', (text) => {
    expect(intentsOf(text).accepts).toBe(false);
  });

  it.each(WITHDRAWN)('N12: withdraws: %s', (text) => {
    expect(intentsOf(text)).toMatchObject({ withdraws: true, accepts: false });
  });

  it.each(NOT_WITHDRAWN)('N12: does not withdraw: %s', (text) => {
    expect(intentsOf(text).withdraws).toBe(false);
  });

  it.each(COMPLAINED)('N12: %s complains: %s', (text, complains) => {
    expect(intentsOf(text).complains).toBe(complains);
  });
});
