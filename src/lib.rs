//! Sanling (三铃, "three bells"): a CTI telephony switch and ACD engine in one binary.
//!
//! A SIP/RTP media core takes calls, routes them to queues and agents, enforces the service rules of a customer-service department
//! (three rings, seven seconds on hold, the silent call) and records every call. What operators, phones and programs hold on to stands in
//! the README; this page is the map of the house.
//!
//! # The design in seven sentences
//!
//! 1. **The core takes `(event, now)` and appends actions.** No socket, thread, clock, lock, `async` or database in it; time is an argument,
//!    chance one seeded generator, wall time an input. So the whole switch runs in tests on virtual time, and a seed repeats a run.
//! 2. **One thread decides, N threads move audio.** [`switch::Switch`] is one value, driven by one task ([`io::driver`]); each media worker
//!    ([`io::media`]) owns its sessions and sockets outright.
//! 3. **A deadline lives in the state that waits for it**; leaving the state cancels it. Every transient state has one, so nothing sticks.
//! 4. **Siblings never call each other.** A queue does not know SIP, a call does not know the queue: [`switch`] routes.
//! 5. **A recording belongs to the call, not to a leg.** It survives hold and transfer on one timeline.
//! 6. **Configuration is parsed whole, resolved whole, swapped at once**; run-time state is kept by key.
//! 7. **The layering is checked by a test** (`tests/tidy.rs`): imports go down this page only, and the operating system is named only in
//!    [`io`] and `main.rs`.
//!
//! # Rooms, in layer order
//!
//! | layer | room | what it is |
//! | --- | --- | --- |
//! | 0 | [`base`] | time, the [`base::Machine`] contract, deadlines, ids, the seeded generator, every bound with its reason, cadences |
//! | 1 | [`config`] | text → resolved [`config::Config`], or every error with file, line, column and remedy |
//! | 1 | [`sip::msg`] | SIP messages: our lexer over rsip's headers, URIs, framing, digest |
//! | 1 | [`sdp`] | offer/answer as pure functions over sdp-types |
//! | 1 | [`rtp`] | reception, jitter buffer, our own stream, telephone-event, RTCP and its extended reports, over rtp-rs and rtcp-types; the E-model |
//! | 1 | [`audio`] | G.711, Opus (audiopus), resampling, mixing, levels, tones, the voice detector, the gauge of how parties sound, both sides of a recording, WAV |
//! | 2 | [`sip`] | the machines: transactions, dialogs, session timers, PRACK, referrals, registrar, message-waiting, carriers, and the [`sip::Endpoint`] that owns them |
//! | 2 | [`media`] | the vocabulary ([`media::control`]) and the pure engine: relay, transcode, mix, announce, detect, tap |
//! | 3 | [`call`] | the B2BUA: caller and callee in their seats, others beside them, who hears whom, and the record |
//! | 3 | [`acd`] | agents, queues, matching, figures; knows calls by id |
//! | 3 | [`rules`] | one pure machine a rule: ring limit, hold patience, scripts, farewell, … |
//! | 3 | [`recording`] | policy, state and name of a recording |
//! | 3 | [`siprec`] | recording sessions: a copy of a call to a recording server, calls of others recorded here; the metadata of both |
//! | 3 | [`report`] | facts in (call records, agents' intervals), figures out, each with its formula |
//! | 3 | [`qa`] | which rules of service a call broke; scorecards that fill themselves in as far as the switch knows, scores, samples, calibration, results |
//! | 4 | [`switch`] | owns all machines and a work list; one routing file a source |
//! | 5 | [`io`] | the only impure room: clock, sockets, media workers, recorder, store, HTTP, commands |
//!
//! # The way of a call
//!
//! ```text
//!  1 io::net           datagram → Input::Sip                              bounded inbox of the switch's task
//!  2 io::driver        now = clock; switch.handle(input, now, &mut out)
//!  3 sip::msg          bytes → message; malformed: an answer, or a counted drop
//!  4 sip::Endpoint     100; digest; Event::Invited { leg, origin, sdp }
//!  5 switch::on_sip    routing: called number → Purpose; the Slot with its Call is made
//!  6 call              media Command::Allocate { session, leg }
//!  7 media worker      binds a port pair → Report::Allocated; the caller's offer is answered on paper: Fact::CallerReady
//!  8 acd               Enqueued → Offer { call, agent }
//!  8a his key          he hangs up and a call-back stands in his place; at its turn the switch makes a call (Call::originate): the agent, then him
//!  9 call              a port for the phone, then INVITE with our offer; the caller gets 180
//! 10 180               RingLimit starts; the agent is ringing
//! 11a 200              Connected: 200 to the caller, who hears whom, recording, greeting to both, the silent-call script listens
//! 11b three rings      CANCEL with a Reason; the agent is not ready (missed); the caller keeps his place; step 8
//! 12 media             RTP in → relay without decoding, or jitter buffer → mix → encode each 20 ms
//! 13 tap               caller left, all others and the switch right → recorder → ID.wav.part
//! 13a each minute      how well each leg's sound travelled (media::stream::quality) → switch::quality → the record; poor is told
//! 13b the copy      the same two sides to a recording server, by a recording session of its own; the call never waits for it
//! 14 detector          Spoke, FellSilent, Digit, TimedOut → call → rules; the gauge: how each party sounds → switch::hearing
//! 15 re-INVITE hold    HoldPatience: after 7 s the held party hears that he is not forgotten; again each 7 s
//! 15a `**2`            a script of service says its steps to the caller, with or without the agent
//! 15b the agent's BYE  a queue's caller stays: the agent is free, the caller is seen off (Farewell), and hangs up himself
//! 15c REFER, `*3…#`    an errand calls whom it is for; he takes the callee's seat, sits beside the two, or nobody comes and all is as before
//! 16 BYE               the other leg is released, the agent is free (or wraps up), the recording is closed: fsync, SHA-256, rename
//! 17 store             the record; events → API, pages
//! ```
//!
//! # What a switch must never do, and where it is kept from it
//!
//! - Ring a phone past its limit: [`rules::RingLimit`], one an offer; a wake-up before each input makes a late answer late.
//! - Stick an agent in a state: every transient state of [`acd`] has a deadline; session timers and RTP time-outs end dead calls.
//! - Lose a recording: [`io::recorder`] keeps a file right to the last second while it grows; `io::recorder::repair` finishes it after
//!   a crash; a full disk is an alarm and a line on the record, never a late packet.
//! - Tell a stranger which numbers exist: [`sip::Endpoint`] challenges all alike.
//! - Half-apply a configuration: [`config::resolve`] gives a whole [`config::Config`], or errors and nothing.
//!
//! # The voice detector
//!
//! What is speech and what is hum, hiss, tone or comfort noise is settled on a labelled set that the project synthesises
//! (`make voice-set`); its error rates stand in [`audio::voice`].

pub mod base;

pub mod config;

pub mod audio;
pub mod rtp;
pub mod sdp;

pub mod sip;

pub mod media;

pub mod acd;
pub mod call;
pub mod qa;
pub mod recording;
pub mod report;
pub mod rules;
pub mod siprec;

pub mod switch;

pub mod io;
