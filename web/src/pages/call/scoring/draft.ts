/** What is being scored and is not given yet, kept for this tab: who looks something up comes back to his answers. */

import type { Answers } from '../../../quality/answers';

export interface Draft {
  answers: Answers;
  text: string;
}

export const draft = {
  get(name: string): Draft | null {
    const kept = sessionStorage.getItem(`score ${name}`);
    return kept === null ? null : (JSON.parse(kept) as Draft);
  },
  set: (name: string, written: Draft): void => sessionStorage.setItem(`score ${name}`, JSON.stringify(written)),
  forget: (name: string): void => sessionStorage.removeItem(`score ${name}`),
};
