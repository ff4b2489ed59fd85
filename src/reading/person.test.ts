import { describe, expect, it } from 'vitest';
import { PERSON_LANGUAGES, wishesPerson } from './person.ts';

const WISHES: Readonly<Record<string, string>> = {
  en: 'I want to speak to a human.',
  de: 'Ich möchte mit einem Menschen sprechen.',
  fr: 'Je voudrais parler à un humain.',
  es: 'Quiero hablar con una persona.',
  it: 'Vorrei parlare con una persona.',
  pt: 'Quero falar com uma pessoa.',
  nl: 'Ik wil een mens spreken.',
  pl: 'Chcę porozmawiać z człowiekiem.',
  cs: 'Chci mluvit s člověkem.',
  sk: 'Chcem hovoriť s človekom.',
  sl: 'Želim govoriti s človekom.',
  hr: 'Želim razgovarati s osobom.',
  sv: 'Jag vill prata med en människa.',
  da: 'Jeg vil tale med et menneske.',
  no: 'Jeg vil snakke med et menneske.',
  fi: 'Haluan puhua ihmisen kanssa.',
  et: 'Soovin rääkida inimesega.',
  lv: 'Es vēlos runāt ar cilvēku.',
  lt: 'Noriu kalbėti su žmogumi.',
  hu: 'Egy emberrel szeretnék beszélni.',
  ro: 'Vreau să vorbesc cu o persoană.',
  bg: 'Искам да говоря с човек.',
  el: 'Θέλω να μιλήσω με έναν άνθρωπο.',
  ru: 'Я хочу поговорить с человеком.',
  uk: 'Я хочу поговорити з людиною.',
  tr: 'Bir insanla görüşmek istiyorum.',
  ar: 'أريد التحدث مع شخص.',
  he: 'אני רוצה לדבר עם בן אדם.',
  hi: 'मैं किसी इंसान से बात करना चाहता हूँ।',
  vi: 'Tôi muốn nói chuyện với nhân viên.',
  id: 'Saya ingin berbicara dengan manusia.',
  ja: '人間の担当者と話したいです。お願いします。',
  ko: '상담원과 통화하고 싶어요.',
  zh: '我要转人工。',
  th: 'ขอคุยกับเจ้าหน้าที่',
};

describe('a wish for a person', () => {
  it('is known in thirty languages and more', () => {
    expect(PERSON_LANGUAGES.length).toBeGreaterThanOrEqual(30);
    expect(Object.keys(WISHES).toSorted()).toEqual(PERSON_LANGUAGES.toSorted());
  });

  it.each(Object.entries(WISHES))('is understood in %s: %s', (_language, text) => {
    expect(wishesPerson(text)).toBe(true);
  });

  it.each([
    'Human please',
    'Please connect me with your manager.',
    'This is not going anywhere. I need a real person.',
    'Nicht mit einem Bot, sondern mit einem Menschen sprechen!',
    'Can I talk to a human being?',
    'This bot does not help, I want a human.',
    'No, I want to speak to a human.',
    'Please connect me, as agreed, to a person.',
    'I would rather talk to a human than to you.',
    'I do not want to talk to a bot but to a person.',
    'Das geht nicht, ich möchte einen Menschen sprechen.',
    'No me sirve, quiero hablar con una persona.',
    '我不要机器人，我要转人工。',
  ])('is understood: %s', (text) => {
    expect(wishesPerson(text)).toBe(true);
  });

  it.each([
    'We need 30 seats for our people.',
    'The person who signed the contract has left.',
    'I do not want to talk to a human.',
    'Ich möchte keinen Menschen sprechen.',
    'No quiero hablar con una persona.',
    'Is a human involved in this?',
    'Our manager says 24 months are fine.',
    'We would like to renew for 24 months.',
    'Wir möchten 24 Monate.',
    'We talked to someone yesterday.',
    'Can you do better?',
    'No human is needed; we would like 24 months.',
    'Thank you. No human is needed on our side; we would like the invoice by mail.',
    'We would like 30 seats at 40 EUR a person.',
    'Never connect me to a human',
    'We would rather talk to you than to a human',
    'We want to avoid a human representative',
    'We want 24 months but no human.',
    'We do not want a person but 24 months.',
    'I want to accept, my colleague will sign',
    'We want our representative to sign.',
    'Quiero 24 meses para una persona',
    'Vi vill ha 30 platser för en person',
    'Wir wollen 30 Plätze zu 40 € pro Person.',
    'Verbinden Sie mich nie mit einem Menschen.',
    'Ich möchte lieber mit Ihnen sprechen als mit einem Menschen.',
    'Nunca quiero hablar con una persona.',
    'Je ne veux jamais parler à un humain.',
    'Je préfère parler avec vous plutôt qu’avec un humain.',
    'Non voglio mai parlare con una persona.',
    'Ik wil nooit een mens spreken.',
    'Nigdy nie chcę rozmawiać z człowiekiem.',
    'Jag vill aldrig prata med en människa.',
    'En halua puhua ihmisen kanssa.',
    'Я никогда не хочу говорить с человеком.',
    'Bir insanla görüşmek istemiyorum.',
    'لا أريد التحدث مع شخص.',
    '我不用转人工。',
  ])('N9: is not seen in: %s', (text) => {
    expect(wishesPerson(text)).toBe(false);
  });

  it('reads no text for longer than it takes to read it', () => {
    for (const word of ['for', 'per', 'un']) {
      const began = performance.now();
      expect(wishesPerson(`1${` ${word}`.repeat(16_000)}`)).toBe(false);
      expect(performance.now() - began).toBeLessThan(2_000);
    }
  });
});
