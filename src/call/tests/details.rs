//! What else a call tells and orders, to the word.

use super::*;
use crate::base::ClipId;
use crate::call::record::{CallDirection, OfferOutcome};
use crate::media::control::{Direction, StreamParameters};

const OTHER_PHONE: LegId = LegId(4);
const STRANGER: LegId = LegId(98);
const G729: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n";
const PCMU: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 9));

impl Story {
    fn waiting() -> Self {
        let mut story = Self::a_caller_arrives(Some(OFFER));
        story.port_is_there(CALLER);
        story
    }

    fn offer_to(&self, leg: LegId, agent: Option<&str>, early_media: bool) -> Offer {
        Offer {
            leg,
            callee: sip::Callee::Account("1001".into()),
            agent: agent.map(Into::into),
            from: Party { display: None, user: "138".to_owned() },
            local: IpAddr::from([127, 0, 0, 1]),
            early_media,
            place: Place::Callee,
            protection: Protection::NONE,
            codecs: vec![Codec::Pcma, Codec::Pcmu],
        }
    }

    fn calls(&mut self, leg: LegId, agent: Option<&str>, early_media: bool) -> &mut Self {
        let offer = self.offer_to(leg, agent, early_media);
        self.is_told(Order::Offer(offer))
    }

    fn answers(&mut self, leg: LegId, sdp: Option<&str>) -> &mut Self {
        self.hears(Event::Answered { leg, sdp: sdp.map(Into::into), peer: PEER })
    }

    fn seconds(&self) -> i64 {
        (self.call.state_since().0 - 1_795_219_200_000) / 1_000
    }

    /// The parameters that the media plane was given last for a leg.
    fn configured(&self, wanted: LegId) -> Option<&StreamParameters> {
        self.log.iter().rev().find_map(|action| match action {
            Action::Media(Media::Configure { leg, parameters, .. }) if *leg == wanted => Some(parameters),
            _ => None,
        })
    }

    fn sdp_of(&self, wanted: impl Fn(&Command) -> Option<&Vec<u8>>) -> String {
        let sdp = self.log.iter().find_map(|action| if let Action::Sip(command) = action { wanted(command) } else { None });
        String::from_utf8(sdp.expect("a description was sent").clone()).expect("a description is text")
    }

    fn answer_to_caller(&self) -> String {
        self.sdp_of(|command| if let Command::Answer { sdp, .. } = command { Some(sdp) } else { None })
    }

    fn answer_to_reoffer(&self) -> String {
        self.sdp_of(|command| if let Command::AnswerReoffer { sdp, .. } = command { Some(sdp) } else { None })
    }
}

fn version(sdp: &str) -> u64 {
    let origin = sdp.lines().find_map(|line| line.strip_prefix("o=")).expect("every description has an origin");
    origin.split(' ').nth(2).and_then(|version| version.parse().ok()).expect("the version is a number")
}

fn ending(by: ReleasedBy, outcome: Option<Outcome>) -> Ending {
    Ending { by, outcome, code: 503, retry_after: Some(7), cause: "because".to_owned() }
}

#[test]
fn a_calls_states_have_names_and_begin_at_a_moment() {
    let mut story = Story::a_caller_arrives(Some(OFFER));
    assert_eq!((story.call.id(), story.call.session()), (story.call.record().id, SessionId(1)));
    assert_eq!(story.call.id().timestamp(), Timestamp(1_795_219_200_000));
    assert_eq!((story.call.state_name(), story.seconds()), ("arriving", 0));
    story.after(secs(1)).port_is_there(CALLER);
    assert_eq!((story.call.state_name(), story.seconds()), ("waiting", 1));
    assert!(!story.call.is_caller_answered() && !story.call.is_connected() && !story.call.is_ended());
    story.phone_is_called();
    assert_eq!(story.call.state_name(), "offering");
    assert_eq!(story.call.legs().collect::<Vec<_>>(), [CALLER, PHONE]);
    story.after(secs(2)).phone_answers();
    assert_eq!((story.call.state_name(), story.seconds()), ("connected", 3));
    assert!(story.call.is_caller_answered());
    assert_eq!(story.call.legs().collect::<Vec<_>>(), [CALLER, PHONE]);
    for (at, holder) in [(4, PHONE), (5, CALLER)] {
        story.after(secs(1)).hears(Event::Reoffered { leg: holder, sdp: Some(hold(OFFER)) });
        assert_eq!((story.call.state_name(), story.seconds()), ("held", at));
    }
    story.after(secs(1)).hears(Event::Reoffered { leg: PHONE, sdp: Some(OFFER.into()) });
    assert_eq!((story.call.state_name(), story.seconds()), ("held", 6), "the caller holds still");
    story.hears(Event::Reoffered { leg: CALLER, sdp: Some(OFFER.into()) });
    assert_eq!(story.call.state_name(), "connected");
    story.after(secs(1)).is_told(Order::Release(ending(ReleasedBy::Switch, None)));
    assert_eq!((story.call.state_name(), story.seconds()), ("ending", 7));
}

#[test]
fn a_party_who_is_reassured_is_so_in_the_hold_that_runs() {
    let mut story = Story::connected();
    for _ in 0..2 {
        story.hears(Event::Reoffered { leg: PHONE, sdp: Some(hold(OFFER)) });
        story.call.reassured(HeldBy::Agent);
        story.call.reassured(HeldBy::Caller);
        story.hears(Event::Reoffered { leg: PHONE, sdp: Some(OFFER.into()) });
    }
    story.call.reassured(HeldBy::Agent);
    story.hears(Event::Reoffered { leg: CALLER, sdp: Some(hold(OFFER)) });
    story.call.reassured(HeldBy::Caller);
    story.call.reassured(HeldBy::Caller);
    let counted: Vec<(HeldBy, u32)> = story.call.record().holds.iter().map(|hold| (hold.by, hold.reassured)).collect();
    assert_eq!(counted, [(HeldBy::Agent, 1), (HeldBy::Agent, 1), (HeldBy::Caller, 2)]);
    story.call.record_mut().queue = Some("service".into());
    assert_eq!(story.call.record().queue, Some("service".into()));
}

#[test]
fn a_caller_hears_ringing_until_he_is_answered() {
    let mut story = Story::waiting();
    story.is_told(Order::RingCaller);
    assert_eq!(story.log, [Action::Sip(Command::Ring { leg: CALLER, code: 180, sdp: None })]);
    story.is_told(Order::AnswerCaller).is_told(Order::RingCaller);
    assert_eq!(story.log, []);
}

#[test]
fn orders_for_a_side_go_to_its_leg_and_to_nobody_where_there_is_none() {
    let mut story = Story::waiting();
    let session = SessionId(1);
    for (side, leg) in [(Side::Caller, Some(CALLER)), (Side::Callee, None), (Side::Callee, Some(PHONE))] {
        if leg == Some(PHONE) {
            story.phone_is_called().phone_answers();
        }
        let orders = [
            Order::SetBackground { side, background: Background::Silence },
            Order::StopAnnouncements { side },
            Order::ListenForSpeech { side, on: true },
            Order::Announce { side, clips: vec![ClipId::new("welcome")], token: 9 },
        ];
        let told = orders.map(|order| std::mem::take(&mut story.is_told(order).log));
        let Some(leg) = leg else {
            let ended = Action::Tell(Fact::AnnouncementEnded { side, token: 9 });
            assert_eq!(told, [vec![], vec![], vec![], vec![ended]], "a prompt for nobody has ended");
            continue;
        };
        let media = [
            Media::SetBackground { session, leg, background: Background::Silence },
            Media::StopAnnouncements { session, leg },
            Media::ListenForSpeech { session, leg, on: true },
            Media::Announce { session, leg, clips: vec![ClipId::new("welcome")], token: 9 },
        ];
        assert_eq!(told, media.map(|command| vec![Action::Media(command)]));
    }
}

#[test]
fn what_a_leg_does_is_told_with_its_side_and_of_strangers_nothing() {
    let mut story = Story::connected();
    for (leg, side) in [(CALLER, Some(Side::Caller)), (PHONE, Some(Side::Callee)), (STRANGER, None)] {
        for event in
            [Event::Digit { leg, digit: '5' }, Event::Spoke { leg }, Event::FellSilent { leg }, Event::AnnouncementEnded { leg, token: 3 }]
        {
            let fact = side.map(|side| match event {
                Event::Digit { digit, .. } => Fact::Digit { side, digit },
                Event::Spoke { .. } => Fact::Spoke { side },
                Event::FellSilent { .. } => Fact::FellSilent { side },
                _ => Fact::AnnouncementEnded { side, token: 3 },
            });
            assert_eq!(story.hears(event).log, fact.map(Action::Tell).into_iter().collect::<Vec<_>>());
        }
    }
    story.hears(Event::TimedOut { leg: STRANGER }).hears(Event::Released { leg: STRANGER, cause: Cause::NoAck });
    story.hears(Event::Acked { leg: STRANGER, sdp: None }).hears(Event::Acked { leg: STRANGER, sdp: Some(G729.into()) });
    assert!(story.log.is_empty() && story.call.is_connected());
    assert_eq!((Side::Caller.other(), Side::Callee.other()), (Side::Callee, Side::Caller));
}

#[test]
fn the_end_says_by_whom_how_and_why() {
    use ReleasedBy::{Agent, Callee, Caller, Switch};
    let said = |text: &str| Some(text.to_owned());
    for (leg, agent, cause, by, text) in [
        (CALLER, true, Cause::Bye { reason: None }, Caller, "BYE"),
        (PHONE, true, Cause::Bye { reason: said("enough") }, Agent, "enough"),
        (PHONE, false, Cause::Bye { reason: None }, Callee, "BYE"),
        (CALLER, true, Cause::Cancelled { reason: None, elsewhere: false }, Caller, "CANCEL"),
        (CALLER, true, Cause::Cancelled { reason: said("elsewhere"), elsewhere: true }, Caller, "elsewhere"),
        (CALLER, true, Cause::NoAck, Switch, "no ACK"),
        (PHONE, true, Cause::SessionExpired, Switch, "session expired"),
        (PHONE, true, Cause::PeerGone, Switch, "peer gone"),
        (PHONE, true, Cause::NoMedia, Switch, "no usable media description"),
        (PHONE, true, Cause::Ours, Switch, "released"),
    ] {
        let mut story = Story::waiting();
        story.calls(PHONE, agent.then_some("1001"), false).port_is_there(PHONE).phone_answers();
        story.after(secs(9)).hears(Event::Released { leg, cause });
        let record = story.call.record();
        assert_eq!((record.released_by, record.release_cause.as_deref()), (Some(by), Some(text)));
        assert_eq!(record.released_at, Some(Timestamp(1_795_219_209_000)));
        assert!(story.told(&Fact::Ended) && story.media(|command| matches!(command, Media::StopRecording { .. })));
    }
}

#[test]
fn a_release_of_ours_tells_each_leg_its_answer_once() {
    let mut story = Story::waiting();
    story.phone_is_called().is_told(Order::Release(ending(ReleasedBy::Switch, None)));
    let reason = || Some(sip::Reason { cause: 503, text: "because".to_owned() });
    let session = SessionId(1);
    assert_eq!(
        story.log,
        [
            Action::Sip(Command::Release { leg: CALLER, code: 503, reason: reason(), retry_after: Some(7) }),
            Action::Sip(Command::Release { leg: PHONE, code: 487, reason: reason(), retry_after: Some(7) }),
            Action::Media(Media::Release { session }),
            Action::Tell(Fact::Ended),
        ],
        "nothing was recorded"
    );
    assert_eq!(story.call.record().outcome, Some(Outcome::Failed));
    assert_eq!(story.call.legs().collect::<Vec<_>>(), [CALLER]);
    story.is_told(Order::Release(ending(ReleasedBy::Caller, None))).is_told(Order::AnswerCaller);
    story.hears(Event::Spoke { leg: CALLER }).after(secs(60));
    assert_eq!((story.log.len(), story.call.record().released_by), (0, Some(ReleasedBy::Switch)));
}

#[test]
fn the_outcome_is_what_was_ordered_or_what_the_call_had_come_to() {
    for (connected, by, ordered, outcome) in [
        (true, ReleasedBy::Switch, None, Outcome::Answered),
        (true, ReleasedBy::Switch, Some(Outcome::Silent), Outcome::Silent),
        (false, ReleasedBy::Caller, None, Outcome::Abandoned),
        (false, ReleasedBy::Switch, None, Outcome::Failed),
        (false, ReleasedBy::Switch, Some(Outcome::Played), Outcome::Played),
    ] {
        let mut story = if connected { Story::connected() } else { Story::waiting() };
        story.is_told(Order::Release(ending(by, ordered)));
        assert_eq!(story.call.record().outcome, Some(outcome));
    }
    for (connected, outcome) in [(true, Outcome::Answered), (false, Outcome::Failed)] {
        let mut story = if connected { Story::connected() } else { Story::waiting() };
        story.hears(Event::TimedOut { leg: CALLER });
        assert_eq!(story.call.record().outcome, Some(outcome));
    }
}

#[test]
fn a_hold_that_runs_ends_with_the_call() {
    let mut story = Story::connected();
    story.hears(Event::Reoffered { leg: PHONE, sdp: Some(hold(OFFER)) });
    story.after(secs(3)).hears(Event::Reoffered { leg: PHONE, sdp: Some(OFFER.into()) });
    story.hears(Event::Reoffered { leg: CALLER, sdp: Some(hold(OFFER)) });
    story.after(secs(4)).is_told(Order::Release(ending(ReleasedBy::Switch, None)));
    let ended = |n: usize| story.call.record().holds[n].ended_at.map(|at| at.0 - 1_795_219_200_000);
    assert_eq!((ended(0), ended(1)), (Some(3_000), Some(7_000)));
}

#[test]
fn what_the_far_network_plays_is_heard_before_the_answer_where_wanted() {
    let mut story = Story::waiting();
    story.calls(PHONE, None, true).port_is_there(PHONE).hears(Event::Ringing { leg: PHONE, sdp: None });
    assert_eq!(story.log, [Action::Tell(Fact::OfferRang { leg: PHONE })]);
    story.hears(Event::Ringing { leg: PHONE, sdp: Some(OFFER.into()) });
    assert!(story.sip(|command| matches!(command, Command::Ring { leg: CALLER, code: 183, sdp: Some(_) })));
    assert!(story.media(|command| matches!(command, Media::SetHearing { hearing, .. } if *hearing == all_hear_all(&[CALLER, PHONE]))));
    assert_eq!(story.configured(PHONE).map(|parameters| parameters.direction), Some(Direction { send: true, receive: true }));
    assert!(story.told(&Fact::OfferRang { leg: PHONE }));
    story.hears(Event::Ringing { leg: PHONE, sdp: Some(OFFER.into()) });
    assert_eq!(story.log, [Action::Tell(Fact::OfferRang { leg: PHONE })], "once");
    assert_eq!(story.is_told(Order::RingCaller).log, [], "he hears it already");
    story.answers(PHONE, None);
    assert!(story.call.is_connected(), "the answer came with the ringing");

    for (wanted, answered) in [(false, false), (true, true)] {
        let mut story = Story::waiting();
        if answered {
            story.is_told(Order::AnswerCaller);
        }
        story.calls(PHONE, None, wanted).port_is_there(PHONE).hears(Event::Ringing { leg: PHONE, sdp: Some(OFFER.into()) });
        assert_eq!(story.log, [Action::Tell(Fact::OfferRang { leg: PHONE })]);
    }
    let mut story = Story::a_caller_arrives(None);
    story.port_is_there(CALLER).calls(PHONE, None, true).port_is_there(PHONE);
    story.hears(Event::Ringing { leg: PHONE, sdp: Some(OFFER.into()) });
    assert!(!story.sip(|command| matches!(command, Command::Ring { .. })), "nothing is known of where he hears");
    story.hears(Event::Ringing { leg: STRANGER, sdp: None });
    assert_eq!(story.log, []);
}

#[test]
fn an_offer_that_is_given_up_leaves_nothing_behind() {
    for early in [true, false] {
        let mut story = Story::waiting();
        story.calls(PHONE, None, early).port_is_there(PHONE).hears(Event::Ringing { leg: PHONE, sdp: Some(OFFER.into()) });
        let reason = sip::Reason { cause: 408, text: "RONA".to_owned() };
        story.is_told(Order::WithdrawOffer { leg: PHONE, reason: reason.clone() });
        let session = SessionId(1);
        let mut told = vec![
            Action::Media(Media::ReleaseLeg { session, leg: PHONE }),
            Action::Sip(Command::Release { leg: PHONE, code: 487, reason: Some(reason.clone()), retry_after: None }),
        ];
        if early {
            told.insert(0, Action::Media(Media::SetHearing { session, hearing: Vec::new() }));
        }
        assert_eq!(story.log, told);
        story.is_told(Order::WithdrawOffer { leg: PHONE, reason }).phone_answers();
        assert!(story.log.is_empty() && !story.call.is_connected());
    }
}

#[test]
fn a_phone_without_a_port_is_given_up_after_a_while() {
    let mut story = Story::waiting();
    assert_eq!(story.call.deadline(), None);
    story.calls(PHONE, None, false).after(secs(2)).calls(OTHER_PHONE, None, false);
    assert_eq!(story.call.deadline(), Some(Instant::START + secs(5)));
    story.log.clear();
    story.after(crate::base::time::millis(2_999));
    assert_eq!(story.log, []);
    story.after(crate::base::time::millis(1));
    assert!(story.told(&Fact::OfferFailed { leg: PHONE, failure: Failure::Unreachable }));
    assert!(story.sip(|command| matches!(command, Command::Release { leg: PHONE, code: 487, .. })));
    assert_eq!(story.call.deadline(), Some(Instant::START + secs(7)));
    story.port_is_there(OTHER_PHONE);
    assert_eq!(story.call.deadline(), None);
    assert!(story.told(&Fact::OfferSent { leg: OTHER_PHONE }));
    story.hears(Event::AllocationFailed { leg: OTHER_PHONE, cause: AllocationFailure::Refused });
    assert!(story.sip(|command| matches!(command, Command::Release { leg: OTHER_PHONE, .. })) && !story.call.is_ended());
}

#[test]
fn a_failure_of_the_phones_own_needs_no_release() {
    let mut story = Story::waiting();
    story.phone_is_called().hears(Event::Failed { leg: PHONE, failure: Failure::Timeout });
    assert!(!story.sip(|command| matches!(command, Command::Release { .. })));
    story.hears(Event::Failed { leg: PHONE, failure: Failure::Timeout });
    assert_eq!(story.log, []);
}

#[test]
fn nobody_is_called_for_a_caller_who_arrives_still_nor_to_sit_beside_one_who_is_alone() {
    let beside = Place::Beside(Part::Conferee);
    for (mut story, place) in [(Story::a_caller_arrives(Some(OFFER)), Place::Callee), (Story::waiting(), beside)] {
        let offer = Offer { place, ..story.offer_to(OTHER_PHONE, None, false) };
        story.is_told(Order::Offer(offer));
        assert_eq!(story.log, [Action::Tell(Fact::OfferFailed { leg: OTHER_PHONE, failure: Failure::Unreachable })]);
    }
    let mut story = Story::a_caller_arrives(Some(OFFER));
    story.after(crate::base::time::millis(4_999));
    assert!(!story.call.is_ended());
    story.port_is_there(CALLER).port_is_there(CALLER);
    assert_eq!(story.log, [], "his port is there once");
}

#[test]
fn the_first_who_answers_has_the_call_and_the_others_are_told_where_it_went() {
    let mut story = Story::waiting();
    story.is_told(Order::AnswerCaller);
    for leg in [PHONE, OTHER_PHONE] {
        story.calls(leg, Some("1001"), false).port_is_there(leg);
    }
    story.after(secs(4)).answers(OTHER_PHONE, Some(OFFER));
    let elsewhere = Some(sip::Reason { cause: 200, text: "Call completed elsewhere".to_owned() });
    assert!(story.sip(|command| *command == Command::Release { leg: PHONE, code: 487, reason: elsewhere.clone(), retry_after: None }));
    let session = SessionId(1);
    for wanted in [
        Media::StopAnnouncements { session, leg: CALLER },
        Media::SetBackground { session, leg: CALLER, background: Background::None },
        Media::SetRecordedParties { session, left: CALLER, right: vec![OTHER_PHONE] },
        Media::SetHearing { session, hearing: all_hear_all(&[CALLER, OTHER_PHONE]) },
    ] {
        assert!(story.media(|command| *command == wanted), "{wanted:?}");
    }
    assert!(!story.sip(|command| matches!(command, Command::Answer { .. })));
    let record = story.call.record();
    assert_eq!((record.agent.clone(), record.connected_at), (Some("1001".into()), Some(Timestamp(1_795_219_204_000))));
    assert_eq!(record.answered_at, Some(Timestamp(1_795_219_200_000)));
    story.hears(Event::Released { leg: OTHER_PHONE, cause: Cause::Bye { reason: None } });
    assert_eq!(story.call.record().released_by, Some(ReleasedBy::Agent));
}

#[test]
fn a_phone_that_answers_with_nothing_we_can_hear_is_let_go() {
    for sdp in [Some(G729), None] {
        let mut story = Story::waiting();
        story.phone_is_called().answers(PHONE, sdp);
        let failure = Failure::Status { code: 488, reason: "Not Acceptable Here".to_owned() };
        assert!(story.told(&Fact::OfferFailed { leg: PHONE, failure }));
        let reason = Some(sip::Reason { cause: 488, text: "no common media".to_owned() });
        assert!(story.sip(|command| *command == Command::Release { leg: PHONE, code: 488, reason: reason.clone(), retry_after: None }));
        assert!(story.media(|command| matches!(command, Media::ReleaseLeg { leg: PHONE, .. })));
        assert_eq!(story.call.state_name(), "waiting");
    }
}

#[test]
fn the_callers_codec_is_offered_first_and_the_others_after_it() {
    for (caller, formats) in [(OFFER, "RTP/AVP 8 0 "), (PCMU, "RTP/AVP 0 8 ")] {
        let mut story = Story::a_caller_arrives(Some(caller));
        story.port_is_there(CALLER).phone_is_called();
        let offer = story.sdp_of(|command| if let Command::Invite { sdp, .. } = command { Some(sdp) } else { None });
        assert!(offer.contains(formats), "{offer}");
    }
}

#[test]
fn voice_is_expected_of_a_party_who_is_up_and_does_not_hold() {
    let mut story = Story::waiting();
    let silent = Direction { send: true, receive: false };
    let expected = Direction { send: true, receive: true };
    assert_eq!(story.configured(CALLER).map(|parameters| parameters.direction), Some(silent), "he is not answered yet");
    let parameters = story.configured(CALLER).expect("he is configured");
    assert_eq!((parameters.codec, parameters.signalled_from, parameters.rtp_timeout), (Codec::Pcma, PEER, secs(30)));
    story.is_told(Order::AnswerCaller);
    assert_eq!(story.configured(CALLER).map(|parameters| parameters.direction), Some(expected));
    story.phone_is_called().phone_answers();
    let parameters = story.configured(PHONE).expect("he is configured");
    assert_eq!((parameters.direction, parameters.signalled_from), (expected, PEER), "where he answered from");
    story.hears(Event::Reoffered { leg: PHONE, sdp: Some(hold(OFFER)) });
    assert!(story.configured(PHONE).is_some_and(|parameters| !parameters.direction.receive));
}

#[test]
fn each_description_has_a_number_of_its_own_and_one_that_is_said_again_keeps_it() {
    let mut story = Story::waiting();
    story.is_told(Order::AnswerCaller);
    let first = story.answer_to_caller();
    story.hears(Event::Reoffered { leg: CALLER, sdp: Some(hold(OFFER)) });
    let held = story.answer_to_reoffer();
    assert_eq!(version(&held), version(&first) + 1);
    assert!(held.contains("a=recvonly"), "{held}");
    story.hears(Event::Reoffered { leg: CALLER, sdp: Some(G729.into()) });
    assert_eq!(story.log, [Action::Sip(Command::RejectReoffer { leg: CALLER, code: 488 })]);
    story.hears(Event::Reoffered { leg: CALLER, sdp: Some(OFFER.into()) });
    assert_eq!(version(&story.answer_to_reoffer()), version(&held) + 1, "what was refused was never said");
}

#[test]
fn an_offer_of_ours_is_settled_by_the_ack() {
    let mut story = Story::connected();
    story.hears(Event::Reoffered { leg: PHONE, sdp: None });
    let offer = story.answer_to_reoffer();
    assert!(offer.contains("RTP/AVP 8 0 "), "{offer}");
    story.hears(Event::Acked { leg: PHONE, sdp: Some(hold(OFFER)) });
    assert!(story.told(&Fact::Held { by: HeldBy::Agent }));
    story.hears(Event::Acked { leg: PHONE, sdp: Some(OFFER.into()) });
    assert_eq!(story.log, [], "nothing was asked");

    for (leg, sdp) in [(PHONE, None), (PHONE, Some(G729)), (CALLER, None), (CALLER, Some(G729))] {
        let mut story = Story::connected();
        story.hears(Event::Acked { leg, sdp: None });
        assert!(!story.call.is_ended(), "no answer was owed");
        story.hears(Event::Reoffered { leg, sdp: None }).hears(Event::Acked { leg, sdp: sdp.map(Into::into) });
        assert!(story.sip(|command| matches!(command, Command::Release { code: 488, .. })));
        assert_eq!(story.call.record().outcome, Some(Outcome::Failed));
    }
}

/// RFC 4028 §7.4: a refresh is an offer, and its answer is heeded.
#[test]
fn what_is_answered_to_a_refresh_is_in_force() {
    for leg in [PHONE, CALLER] {
        let mut story = Story::connected();
        story.hears(Event::ReofferAnswered { leg, sdp: OFFER.into() });
        assert_eq!(story.log, [], "the same");
        let moved = OFFER.replace("m=audio 4000", "m=audio 4444");
        story.hears(Event::ReofferAnswered { leg, sdp: moved.clone().into() });
        let to = |story: &Story, port: u16| {
            story.media(
                |command| matches!(command, Media::Configure { leg: of, parameters, .. } if *of == leg && parameters.remote.port() == port),
            )
        };
        assert!(to(&story, 4_444), "{:?}", story.log);
        // What was not offered changes nothing.
        story.hears(Event::ReofferAnswered { leg, sdp: G729.into() });
        assert!(story.log.is_empty() && !story.call.is_ended());
        story.hears(Event::ReofferAnswered { leg, sdp: hold(&moved) });
        assert!(story.log.iter().any(|action| matches!(action, Action::Tell(Fact::Held { .. }))));
    }
}

#[test]
fn a_holder_whose_offer_of_ours_is_open_holds_until_it_is_settled() {
    let mut story = Story::connected();
    story.hears(Event::Reoffered { leg: PHONE, sdp: Some(hold(OFFER)) }).hears(Event::Reoffered { leg: PHONE, sdp: None });
    assert!(!story.told(&Fact::Retrieved { by: HeldBy::Agent }));
    story.hears(Event::Acked { leg: PHONE, sdp: Some(OFFER.into()) });
    assert!(story.told(&Fact::Retrieved { by: HeldBy::Agent }));
}

#[test]
fn an_early_dialogs_offer_is_refused() {
    let mut story = Story::waiting();
    story.phone_is_called().hears(Event::Reoffered { leg: PHONE, sdp: Some(OFFER.into()) });
    assert_eq!(story.log, [Action::Sip(Command::RejectReoffer { leg: PHONE, code: 488 })]);
}

#[test]
fn what_the_record_shows_is_spelt_as_the_readers_know_it() {
    use crate::call::record::ReleasedBy::{Agent, Callee, Caller, Switch};
    let directions = [CallDirection::Inbound, CallDirection::Outbound, CallDirection::Internal].map(CallDirection::name);
    assert_eq!(directions, ["inbound", "outbound", "internal"]);
    let outcomes = [
        (Outcome::Answered, "answered"),
        (Outcome::Abandoned, "abandoned"),
        (Outcome::Silent, "silent"),
        (Outcome::Refused, "refused"),
        (Outcome::NoAnswer, "no-answer"),
        (Outcome::Busy, "busy"),
        (Outcome::Unreachable, "unreachable"),
        (Outcome::Played, "played"),
        (Outcome::Failed, "failed"),
    ];
    for (outcome, name) in outcomes {
        assert_eq!(outcome.name(), name);
    }
    assert_eq!([Caller, Agent, Callee, Switch].map(ReleasedBy::name), ["caller", "agent", "callee", "switch"]);
    let offers = [
        (OfferOutcome::Pending, "pending"),
        (OfferOutcome::Answered, "answered"),
        (OfferOutcome::Missed, "missed"),
        (OfferOutcome::Rejected, "rejected"),
        (OfferOutcome::Busy, "busy"),
        (OfferOutcome::Unreachable, "unreachable"),
        (OfferOutcome::Withdrawn, "withdrawn"),
    ];
    for (offer, name) in offers {
        assert_eq!(offer.name(), name);
    }
    assert_eq!([HeldBy::Caller, HeldBy::Agent].map(HeldBy::name), ["caller", "agent"]);
}

#[test]
fn a_call_reads_its_own_clock_from_its_arrival_on() {
    let story = Story::waiting();
    for passed in [secs(0), secs(90)] {
        let passed_ms = i64::try_from(passed.as_millis()).expect("seconds");
        assert_eq!(story.call.at(story.now + passed).0, story.call.record().arrived_at.0 + passed_ms);
    }
}

#[test]
fn of_a_leg_that_a_restart_lost_the_call_is_told_what_it_is_to_it() {
    let mut story = Story::waiting();
    assert_eq!(story.call.loses(CALLER), Some(Event::Released { leg: CALLER, cause: Cause::PeerGone }));
    story.calls(PHONE, Some("1001"), false);
    assert_eq!(story.call.loses(PHONE), None, "it has no port yet, and nobody was called");
    story.port_is_there(PHONE);
    assert_eq!(story.call.loses(PHONE), Some(Event::Failed { leg: PHONE, failure: Failure::Unreachable }));
    story.phone_answers();
    assert_eq!(story.call.loses(PHONE), Some(Event::Released { leg: PHONE, cause: Cause::PeerGone }));
}

#[test]
fn a_party_whose_port_is_taken_after_a_restart_ends_the_call_and_one_who_is_being_called_does_not() {
    let mut story = Story::connected();
    story.hears(Event::AllocationFailed { leg: PHONE, cause: AllocationFailure::Refused });
    assert!(story.told(&Fact::Ended));
    assert_eq!((story.call.record().outcome, story.call.record().released_by), (Some(Outcome::Failed), Some(ReleasedBy::Switch)));
    let mut story = Story::waiting();
    story.phone_is_called().hears(Event::AllocationFailed { leg: PHONE, cause: AllocationFailure::Refused });
    assert!(!story.told(&Fact::Ended));
    assert_eq!(story.call.state_name(), "waiting");
}

#[test]
fn an_offer_of_ours_in_the_air_to_one_party_does_not_hide_the_others_hold() {
    let mut story = Story::connected();
    // RFC 3261 §14.2: a re-INVITE without a description asks for an offer.
    story.hears(Event::Reoffered { leg: PHONE, sdp: None }).hears(Event::Reoffered { leg: CALLER, sdp: Some(hold(OFFER)) });
    assert!(story.told(&Fact::Held { by: HeldBy::Caller }));
}

#[test]
fn an_offer_of_ours_keeps_the_streams_that_were_agreed_in_their_order() {
    // RFC 3264 §8: the number of streams never shrinks.
    let video = "m=video 4002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n";
    let (audio_at, rest) = OFFER.split_at(OFFER.find("m=audio").expect("it has audio"));
    for offer in [format!("{OFFER}{video}"), format!("{audio_at}{video}{rest}")] {
        let mut story = Story::a_caller_arrives(Some(&offer));
        story.port_is_there(CALLER).phone_is_called().phone_answers().hears(Event::Reoffered { leg: CALLER, sdp: None });
        let ours = story.answer_to_reoffer();
        let streams = |sdp: &str| -> Vec<String> {
            sdp.lines().filter_map(|line| line.strip_prefix("m=")?.split(' ').next().map(str::to_owned)).collect()
        };
        assert_eq!(streams(&ours), streams(&offer));
    }
}

#[test]
fn a_caller_who_was_told_no_codec_yet_is_given_that_of_his_callee() {
    let both = OFFER.replace("RTP/AVP 8", "RTP/AVP 8 0");
    for (caller, answer) in [(None, "RTP/AVP 0 8 "), (Some(both.as_str()), "RTP/AVP 0 101")] {
        let mut story = Story::a_caller_arrives(caller);
        story.port_is_there(CALLER).phone_is_called();
        story.hears(Event::Answered { leg: PHONE, sdp: Some(PCMU.into()), peer: PEER });
        let told = story.answer_to_caller();
        assert!(told.contains(answer), "{told}");
        assert!(story.call.is_connected());
    }
}
