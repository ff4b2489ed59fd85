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
  ])('is not seen in: %s', (text) => {
    expect(wishesPerson(text)).toBe(false);
  });
});
