/** Reads plain gauges and counters out of the OpenMetrics text; histograms and labelled ones are for Prometheus. Pure. */

export function gauges(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^([a-z_]+) (\S+)$/.exec(line) ?? [];
    if (name && value) found.set(name, Number(value));
  }
  return found;
}
