/** Saves an answer of the API as a file. By fetch, because a link can send no token. */

import { ask } from './api/client';

export async function save(path: string, name: string): Promise<void> {
  const url = URL.createObjectURL(await (await ask(path)).blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
