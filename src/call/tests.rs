//! Stories of one call, told by its legs: what it orders of phones and media, and what its record says.

use super::record::{CallDirection, ReleasedBy};
use super::*;
use crate::base::time::secs;
use crate::base::{Codec, Duration, Rng};
use crate::media::control::{AllocationFailure, Background, all_hear_all};
use crate::sip::{Cause, Command, Failure, Party};
use std::net::SocketAddr;

const CALLER: LegId = LegId(1);
const PHONE: LegId = LegId(2);
const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

fn hold(sdp: &str) -> Vec<u8> {
    format!("{sdp}a=sendonly\r\n").into_bytes()
}

struct Story {
    call: Call,
    now: Instant,
    log: Vec<Action>,
}

impl Story {
    fn a_caller_arrives(sdp: Option<&str>) -> Self {
        let wall = WallClock::new(Instant::START, Timestamp(1_795_219_200_000));
        let id = CallId::new(Timestamp(1_795_219_200_000), &mut Rng::new(7));
        let record = CallRecord {
            ..CallRecord::new(id, CallDirection::Inbound, "13812345678".to_owned(), "95000".to_owned(), wall.read(Instant::START))
        };
        let local = IpAddr::from([127, 0, 0, 1]);
        let peer = IpAddr::from([127, 0, 0, 9]);
        let sdp = sdp.map(|sdp| sdp.as_bytes().to_vec());
        let arrival = Arrival { call: id, session: SessionId(1), leg: CALLER, sdp, protection: Protection::NONE, local, peer, record };
        let policy = MediaPolicy { codecs: vec![Codec::Pcma, Codec::Pcmu], rtp_timeout: secs(30) };
        let mut log = Vec::new();
        let call = Call::arrive(arrival, policy, wall, Instant::START, &mut log);
        Self { call, now: Instant::START, log }
    }

    fn after(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self.call.handle_timeout(self.now, &mut self.log);
        self
    }

    fn hears(&mut self, event: Event) -> &mut Self {
        self.log.clear();
        self.call.handle(event, self.now, &mut self.log);
        self
    }

    fn is_told(&mut self, order: Order) -> &mut Self {
        self.log.clear();
        self.call.order(order, self.now, &mut self.log);
        self
    }

    fn port_is_there(&mut self, leg: LegId) -> &mut Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 20_000 + u16::try_from(leg.0).expect("a small leg") * 2));
        self.hears(Event::Allocated { leg, address })
    }

    fn phone_is_called(&mut self) -> &mut Self {
        let offer = Offer {
            leg: PHONE,
            callee: sip::Callee::Account("1001".into()),
            agent: Some("1001".into()),
            from: Party { display: None, user: "138".to_owned() },
            local: IpAddr::from([127, 0, 0, 1]),
            early_media: false,
            place: Place::Callee,
            protection: Protection::NONE,
            codecs: vec![Codec::Pcma, Codec::Pcmu],
        };
        self.is_told(Order::Offer(offer)).port_is_there(PHONE)
    }

    fn phone_answers(&mut self) -> &mut Self {
        self.hears(Event::Answered { leg: PHONE, sdp: Some(OFFER.into()), peer: IpAddr::from([127, 0, 0, 9]) })
    }

    fn connected() -> Self {
        let mut story = Self::a_caller_arrives(Some(OFFER));
        story.port_is_there(CALLER).phone_is_called().phone_answers();
        assert!(story.call.is_connected());
        story
    }

    fn told(&self, fact: &Fact) -> bool {
        self.log.iter().any(|action| matches!(action, Action::Tell(told) if told == fact))
    }

    fn media(&self, wanted: impl Fn(&Media) -> bool) -> bool {
        self.log.iter().any(|action| matches!(action, Action::Media(command) if wanted(command)))
    }

    fn sip(&self, wanted: impl Fn(&Command) -> bool) -> bool {
        self.log.iter().any(|action| matches!(action, Action::Sip(command) if wanted(command)))
    }
}

#[test]
fn an_answer_bridges_both_records_both_and_answers_the_caller_once() {
    let mut story = Story::a_caller_arrives(Some(OFFER));
    story.port_is_there(CALLER);
    assert!(story.told(&Fact::CallerReady));
    story.phone_is_called();
    assert!(story.sip(|command| matches!(command, Command::Invite { leg: PHONE, .. })));
    story.hears(Event::Ringing { leg: PHONE, sdp: None });
    assert!(story.told(&Fact::OfferRang { leg: PHONE }));
    story.after(secs(3)).phone_answers();
    assert!(story.sip(|command| matches!(command, Command::Answer { leg: CALLER, .. })));
    assert!(story.media(|command| matches!(command, Media::StartRecording { left: CALLER, right, .. } if *right == [PHONE])));
    assert!(story.media(|command| matches!(command, Media::SetHearing { hearing, .. } if *hearing == all_hear_all(&[CALLER, PHONE]))));
    assert!(story.told(&Fact::Connected { leg: PHONE }));
    story.is_told(Order::AnswerCaller);
    assert_eq!(story.log, []);
    assert_eq!(story.call.record().connected_at, story.call.record().answered_at);
}

#[test]
fn a_caller_without_a_common_codec_is_refused_before_he_is_routed() {
    let mut story = Story::a_caller_arrives(Some(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n",
    ));
    story.port_is_there(CALLER);
    assert!(story.sip(|command| matches!(command, Command::Release { leg: CALLER, code: 488, .. })));
    assert!(story.told(&Fact::Ended) && !story.told(&Fact::CallerReady));
    assert_eq!(story.call.record().outcome, Some(Outcome::Refused));
}

#[test]
fn without_a_media_port_the_caller_may_try_again_later() {
    let mut story = Story::a_caller_arrives(Some(OFFER));
    story.hears(Event::AllocationFailed { leg: CALLER, cause: AllocationFailure::PortsExhausted });
    assert!(story.sip(|command| matches!(command, Command::Release { code: 503, retry_after: Some(_), .. })));
}

#[test]
fn a_delayed_offer_is_settled_with_the_callers_ack() {
    let mut story = Story::a_caller_arrives(None);
    story.port_is_there(CALLER);
    assert!(story.told(&Fact::CallerReady));
    story.is_told(Order::AnswerCaller);
    assert!(story.sip(|command| matches!(command, Command::Answer { sdp, .. } if !sdp.is_empty())));
    assert!(!story.media(|command| matches!(command, Media::Configure { .. })));
    story.hears(Event::Acked { leg: CALLER, sdp: Some(OFFER.into()) });
    assert!(story.media(|command| matches!(command, Media::Configure { leg: CALLER, .. })));

    let mut story = Story::a_caller_arrives(None);
    story.port_is_there(CALLER).is_told(Order::AnswerCaller).hears(Event::Acked { leg: CALLER, sdp: None });
    assert!(story.told(&Fact::Ended), "an ACK that owes an answer and brings none ends the call");
}

#[test]
fn hold_gives_the_other_party_music_and_retrieving_gives_back_the_voice() {
    let mut story = Story::connected();
    story.after(secs(5)).hears(Event::Reoffered { leg: PHONE, sdp: Some(hold(OFFER)) });
    assert!(story.told(&Fact::Held { by: HeldBy::Agent }));
    assert!(story.media(|command| matches!(command, Media::SetBackground { leg: CALLER, background: Background::Music(_), .. })));
    story.hears(Event::Reoffered { leg: PHONE, sdp: Some(hold(OFFER)) });
    assert!(!story.told(&Fact::Held { by: HeldBy::Agent }), "a hold in hold by the same party is the same hold");
    story.hears(Event::Reoffered { leg: CALLER, sdp: Some(hold(OFFER)) });
    assert!(story.told(&Fact::Held { by: HeldBy::Caller }), "the other party's hold is one of its own");
    story.after(secs(2)).hears(Event::Reoffered { leg: PHONE, sdp: Some(OFFER.into()) });
    assert!(story.told(&Fact::Retrieved { by: HeldBy::Agent }));
    assert!(story.media(|command| matches!(command, Media::SetBackground { leg: CALLER, background: Background::None, .. })));
    let holds = &story.call.record().holds;
    assert_eq!(holds.len(), 2);
    assert_eq!(holds[0].ended_at.map(|at| at.0 - holds[0].started_at.0), Some(2_000));
    assert!(holds[1].ended_at.is_none());
}

#[test]
fn a_caller_who_holds_while_he_waits_holds_the_agent_who_answers() {
    let mut story = Story::a_caller_arrives(Some(OFFER));
    story.port_is_there(CALLER).is_told(Order::AnswerCaller);
    story.hears(Event::Reoffered { leg: CALLER, sdp: Some(hold(OFFER)) });
    assert!(!story.told(&Fact::Held { by: HeldBy::Caller }), "nobody is there yet whom he could hold");
    story.phone_is_called().phone_answers();
    assert!(story.told(&Fact::Held { by: HeldBy::Caller }));
    assert!(story.media(|command| matches!(command, Media::SetBackground { leg: PHONE, background: Background::Music(_), .. })));
    story.hears(Event::Reoffered { leg: CALLER, sdp: Some(OFFER.into()) });
    assert!(story.told(&Fact::Retrieved { by: HeldBy::Caller }));
}

#[test]
fn who_hung_up_first_is_on_record_and_the_other_is_released() {
    for (gone, other, by) in [(CALLER, PHONE, ReleasedBy::Caller), (PHONE, CALLER, ReleasedBy::Agent)] {
        let mut story = Story::connected();
        story.hears(Event::Released { leg: gone, cause: Cause::Bye { reason: None } });
        let told = |reason: &sip::Reason| reason.cause == 200 && reason.text == format!("the {} left", by.name());
        assert!(
            story.sip(|command| matches!(command, Command::Release { leg, reason: Some(reason), .. } if *leg == other && told(reason)))
        );
        assert!(!story.sip(|command| matches!(command, Command::Release { leg, .. } if *leg == gone)));
        assert!(story.media(|command| matches!(command, Media::Release { .. })));
        assert_eq!((story.call.record().released_by, story.call.record().outcome), (Some(by), Some(Outcome::Answered)));
    }
}

#[test]
fn a_caller_who_leaves_before_any_answer_has_abandoned_and_stops_the_ringing() {
    for (elsewhere, cause, text) in [(false, 487, "the caller left"), (true, 200, "Call completed elsewhere")] {
        let mut story = Story::a_caller_arrives(Some(OFFER));
        let left = Event::Released { leg: CALLER, cause: Cause::Cancelled { reason: None, elsewhere } };
        story.port_is_there(CALLER).phone_is_called().hears(left);
        let told = Some(sip::Reason { cause, text: text.to_owned() });
        assert!(story.sip(|command| matches!(command, Command::Release { leg: PHONE, reason, .. } if *reason == told)));
        assert_eq!(story.call.record().outcome, Some(Outcome::Abandoned));
    }
}

#[test]
fn a_failed_offer_frees_its_port_and_leaves_the_caller_waiting() {
    let mut story = Story::a_caller_arrives(Some(OFFER));
    let failure = Failure::Status { code: 486, reason: "Busy Here".to_owned() };
    story.port_is_there(CALLER).phone_is_called().hears(Event::Failed { leg: PHONE, failure: failure.clone() });
    assert!(story.told(&Fact::OfferFailed { leg: PHONE, failure }));
    assert!(story.media(|command| matches!(command, Media::ReleaseLeg { leg: PHONE, .. })));
    assert_eq!(story.call.state_name(), "waiting");
}

#[test]
fn a_media_plane_that_does_not_answer_sticks_nobody() {
    let mut story = Story::a_caller_arrives(Some(OFFER));
    assert_eq!(story.call.deadline(), Some(Instant::START + secs(5)));
    story.after(secs(5));
    assert!(story.call.is_ended() && story.call.deadline().is_none());
}

#[test]
fn media_that_stop_release_both_with_a_reason() {
    let mut story = Story::connected();
    story.hears(Event::TimedOut { leg: CALLER });
    for leg in [CALLER, PHONE] {
        assert!(story.sip(|command| matches!(command, Command::Release { leg: to, reason: Some(_), .. } if *to == leg)));
    }
    assert_eq!(story.call.record().release_cause.as_deref(), Some("RTP timeout"));
}

mod details;
