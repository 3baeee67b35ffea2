// The words of the page, by language. A language may leave words out: they are English then.

import { EN } from './strings-en.js';
import { ZH } from './strings-zh.js';

const CHINESE = { ...EN, ...ZH };

/** @param {string} language */
export const wordsFor = (language) => (String(language).startsWith('zh') ? CHINESE : EN);
