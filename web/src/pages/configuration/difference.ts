/** What differs between two texts, line by line. Pure. */

export interface Line {
  kind: 'same' | 'gone' | 'new';
  text: string;
  /** In the text that it stands in, from 1. */
  number: number;
}

/** By the longest common subsequence: for files of a few thousand lines, of which few differ. */
export function difference(before: string, after: string): Line[] {
  const [old, next] = [before.split('\n'), after.split('\n')];
  // What is alike at both ends need not be looked at: it is most of it.
  let head = 0;
  while (head < old.length && head < next.length && old[head] === next[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < next.length - head && old.at(-1 - tail) === next.at(-1 - tail)) tail += 1;
  const same = (from: number, to: number): Line[] => next.slice(from, to).map((text, at) => ({ kind: 'same', text, number: from + at + 1 }));
  return [
    ...same(0, head),
    ...middle(old.slice(head, old.length - tail), next.slice(head, next.length - tail), head),
    ...same(next.length - tail, next.length),
  ];
}

function middle(old: string[], next: string[], head: number): Line[] {
  // common[i][j]: how many lines are common to what follows i in the one and j in the other.
  const common = Array.from({ length: old.length + 1 }, () => new Uint32Array(next.length + 1));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = next.length - 1; j >= 0; j -= 1) {
      const row = common[i];
      if (row) row[j] = old[i] === next[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < next.length) {
    if (i < old.length && j < next.length && old[i] === next[j]) {
      lines.push({ kind: 'same', text: next[j] ?? '', number: head + j + 1 });
      [i, j] = [i + 1, j + 1];
    } else if (j >= next.length || (i < old.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: 'gone', text: old[i] ?? '', number: head + i + 1 });
      i += 1;
    } else {
      lines.push({ kind: 'new', text: next[j] ?? '', number: head + j + 1 });
      j += 1;
    }
  }
  return lines;
}

/** What differs, with a few lines around it, in pieces. */
export function pieces(lines: Line[], around: number): Line[][] {
  const found: Line[][] = [];
  let end = -1;
  lines.forEach((line, at) => {
    if (line.kind === 'same') return;
    const from = Math.max(at - around, end);
    const to = Math.min(lines.length, at + around + 1);
    const last = found.at(-1);
    if (last && from <= end) last.push(...lines.slice(end, to));
    else found.push(lines.slice(from < 0 ? 0 : from, to));
    end = to;
  });
  return found;
}
