/** Chinese or English. Each page has its words in a file beside this one, both languages side by side. */

import { effect } from '@preact/signals';
import { kept } from '../kept';

export type Language = 'zh' | 'en';

export const language = kept<Language>('language', (text) => {
  if (text === 'zh' || text === 'en') return text;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
});

effect(() => {
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
});

/** Words in both languages; what one has and the other lacks does not compile. Called, they are those of the language in force. */
export function both<Words>(words: { en: Words; zh: NoInfer<Words> }): () => Words {
  return () => words[language.value];
}
