/** Loading again what has changed: many changes at once are one loading, and loadings are `apart` milliseconds apart. */

export function fresh(load: () => Promise<void>, apart: number | (() => number)): () => void {
  let busy = false;
  let again = false;
  const run = async (): Promise<void> => {
    busy = true;
    again = false;
    // What cannot be loaded now comes with the next change, or with the next connection.
    await load().catch(() => undefined);
    setTimeout(() => {
      busy = false;
      if (again) void run();
    }, typeof apart === 'number' ? apart : apart());
  };
  return () => {
    again = true;
    if (!busy) void run();
  };
}
