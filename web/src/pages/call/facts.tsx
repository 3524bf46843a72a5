/** The call's record, in words. */

import type { ComponentChildren } from 'preact';
import type { Call } from '../../api/types';
import { between, clock, span } from '../../format';
import { call as words } from '../../words/call';
import { term } from '../../words/terms';

export function Facts({ call }: { call: Call }) {
  const t = words();
  const time = (at: string | null | undefined): string | null => (at ? clock(at) : null);
  const { recording, greeting, survey } = call;
  return (
    <section class="panel facts" aria-labelledby="facts">
      <h2 id="facts">{t.facts}</h2>
      <dl>
        <Fact name={t.fact.arrived}>{time(call.arrived_at)}</Fact>
        <Fact name={t.fact.answered}>{time(call.answered_at)}</Fact>
        <Fact name={t.fact.connected}>{time(call.connected_at)}</Fact>
        <Fact name={t.fact.released}>{time(call.released_at)}</Fact>
        <Fact name={t.fact.wait}>{call.connected_at && span(between(call.arrived_at, call.connected_at))}</Fact>
        <Fact name={t.fact.talk}>{call.connected_at && call.released_at && span(between(call.connected_at, call.released_at))}</Fact>
        <Fact name={t.fact.first}>{call.hung_up_first && term(call.hung_up_first)}</Fact>
        <Fact name={t.fact.by}>{call.released_by && term(call.released_by)}</Fact>
        <Fact name={t.fact.cause}>{call.release_cause}</Fact>
        <Fact name={t.fact.queue}>{call.visits?.map((visit) => `${visit.queue} (${term(visit.ending)})`).join(', ')}</Fact>
        <Fact name={t.fact.trunk}>{call.trunk}</Fact>
        <Fact name={t.fact.broken}>
          {call.broken?.length
            ? call.broken.map((rule) => (
                <span key={rule} class="broken">
                  {term(rule)}
                </span>
              ))
            : null}
        </Fact>
        <Fact name={t.fact.offers}>
          {call.offers.map((offer) => `${offer.agent} ${term(offer.result)}, ${t.rings(offer.rings)}`).join('; ')}
        </Fact>
        <Fact name={t.fact.greeting}>{greeting && `${term(greeting.by)}${greeting.delay_ms == null ? '' : `, ${t.after(greeting.delay_ms)}`}`}</Fact>
        <Fact name={t.fact.survey}>{survey && (survey.score ?? t.notAsked)}</Fact>
        <Fact name={t.fact.sound}>
          {call.sounds?.map((sound) => (
            <span key={sound.agent ?? ''} class="line">
              {sound.agent ?? t.customer}: {t.level(sound.level_dbov, sound.noise_dbov)}
              {(['faint', 'loud', 'noisy', 'clipped', 'open_microphone'] as const)
                .filter((what) => sound[what])
                .map((what) => ` · ${term(what)}`)}
            </span>
          ))}
        </Fact>
        <Fact name={t.fact.sides}>{call.sound && <Sides sound={call.sound} />}</Fact>
        <Fact name={t.fact.quality}>
          {call.quality
            ?.filter((leg) => leg.mos_mean != null && leg.mos_min != null)
            .map((leg) => (
              <span key={leg.leg} class="line">
                {t.quality.leg(leg.agent ?? t.customer, leg.mos_min ?? 0, leg.mos_mean ?? 0, leg.codec)}
              </span>
            ))}
        </Fact>
        <Fact name={t.fact.callBack}>
          {call.call_back && (
            <>
              <a href={`/calls/${call.call_back.asked_in}`}>{term(call.call_back.why)}</a>, {t.attempt(call.call_back.attempt)}
            </>
          )}
        </Fact>
        {call.external && <External external={call.external} />}
        <Fact name={t.fact.merged}>{call.merged_into && <a href={`/calls/${call.merged_into}`}>{call.merged_into}</a>}</Fact>
        <Fact name={t.fact.recording}>
          {recording && `${term(recording.state)}, ${span(recording.duration_ms)}${recording.reason ? `, ${recording.reason}` : ''}`}
        </Fact>
        <Fact name={t.fact.replay}>{recording?.replay_number && <code>*9 {recording.replay_number}</code>}</Fact>
        <Fact name={t.fact.hold}>{recording?.hold && `${recording.hold.by}: ${recording.hold.reason}`}</Fact>
        <Fact name={t.fact.sha}>{recording?.sha256 && <code>{recording.sha256}</code>}</Fact>
        <Fact name={t.fact.id}>
          <code>{call.id}</code>
        </Fact>
      </dl>
    </section>
  );
}

/** Of a call of another switch: whose it is, and who took part in it there. */
function External({ external }: { external: NonNullable<Call['external']> }) {
  const t = words();
  return (
    <>
      <Fact name={t.fact.source}>{external.source}</Fact>
      <Fact name={t.fact.parties}>
        {external.parties.map((party) => (
          <span key={`${party.aor} ${party.side ?? ''}`} class="line">
            {[party.name, party.aor, party.side && t.channel[party.side]].filter(Boolean).join(' · ')}
          </span>
        ))}
      </Fact>
      <Fact name={t.fact.session}>{external.session && <code>{external.session}</code>}</Fact>
      <Fact name={t.fact.continues}>{external.continues && <a href={`/calls/${external.continues}`}>{external.continues}</a>}</Fact>
    </>
  );
}

/** How both sides of the recording sound, whole. Where nothing is heard between words there is no noise to speak of. */
function Sides({ sound }: { sound: NonNullable<Call['sound']> }) {
  const t = words();
  const percent = (ms: number): number => (ms * 100) / Math.max(1, sound.duration_ms);
  return (
    <>
      {([[t.customer, sound.left], [t.agent, sound.right]] as const).map(([who, side]) => (
        <span key={who} class="line">
          {who}: {t.side(percent(side.speech_ms), side.level_dbov, side.noise_dbov <= -127 ? null : side.noise_dbov, side.clipped_percent, percent(side.talked_over_ms))}
        </span>
      ))}
      <span class="line">{t.together(percent(sound.silence_ms), percent(sound.over_talk_ms))}</span>
    </>
  );
}

/** A line, when there is something to say. */
function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children == null || children === '' || children === false) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
