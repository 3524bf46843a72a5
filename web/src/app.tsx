/** Who is not signed in signs in; who is has the shell with the page of the address in it. */

import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { path } from './address';
import { live } from './live/house';
import { type Load, pageAt } from './pages';
import { SignIn } from './pages/sign-in';
import { may, recognise, session } from './session';
import { Shell } from './shell/shell';
import { shell } from './words/shell';

export function App() {
  useEffect(() => void recognise(), []);
  if (session.value === undefined) return null;
  return session.value ? <SignedIn key={session.value.user} /> : <SignIn />;
}

function SignedIn() {
  useEffect(live, []);
  const here = pageAt(path.value);
  return (
    <Shell page={here?.page}>
      {!here && <p class="empty">{shell().nothingHere}</p>}
      {here && !may(here.page.right) && <p class="empty">{shell().notForYou}</p>}
      {here && may(here.page.right) && <Loaded load={here.load} />}
    </Shell>
  );
}

const loaded = new Map<Load, ComponentType>();

/** Each page is a file of its own: who looks at the wall loads no waveform. */
function Loaded({ load }: { load: Load }) {
  const [, arrived] = useState({});
  useEffect(() => {
    if (loaded.has(load)) return;
    void load().then((component) => {
      loaded.set(load, component);
      arrived({});
    });
  }, [load]);
  const Component = loaded.get(load);
  return Component ? <Component /> : null;
}
