/** Every page: its address, the key that leads to it, the right that it needs, and how it is loaded. */

import type { ComponentType } from 'preact';
import { may, type Right } from './session';
import type { shell } from './words/shell';

export type Load = () => Promise<ComponentType>;

export interface Page {
  name: keyof ReturnType<typeof shell>['pages'];
  path: string;
  /** After `g`. */
  key: string;
  right: Right;
  load: Load;
  /** The page of one thing that belongs to it: `/calls/ID`. */
  one?: Load;
}

export const PAGES: Page[] = [
  { name: 'wall', path: '/', key: 'w', right: 'see', load: () => import('./pages/wall').then((page) => page.Wall) },
  {
    name: 'calls',
    path: '/calls',
    key: 'c',
    right: 'see',
    load: () => import('./pages/calls').then((page) => page.Calls),
    one: () => import('./pages/call').then((page) => page.CallPage),
  },
  { name: 'desk', path: '/desk', key: 'd', right: 'supervise', load: () => import('./pages/desk').then((page) => page.Desk) },
  {
    name: 'quality',
    path: '/quality',
    key: 'q',
    right: 'results',
    load: () => import('./pages/quality').then((page) => page.Quality),
    one: () => import('./pages/quality').then((page) => page.Quality),
  },
  { name: 'reports', path: '/reports', key: 'r', right: 'see', load: () => import('./pages/reports').then((page) => page.Reports) },
  {
    name: 'operator',
    path: '/operation',
    key: 'o',
    right: 'health',
    load: () => import('./pages/operator').then((page) => page.Operator),
    one: () => import('./pages/configuration').then((page) => page.Configuration),
  },
];

/** The pages of whom is signed in. */
export const mine = (): Page[] => PAGES.filter((page) => may(page.right));

/** The page of an address, and what draws it. */
export function pageAt(path: string): { page: Page; load: Load } | null {
  for (const page of PAGES) {
    if (path === page.path) return { page, load: page.load };
    if (page.one && path.startsWith(`${page.path}/`)) return { page, load: page.one };
  }
  return null;
}
