//! What each leg may speak, in its own order of preference; and no transcoding where a codec in common spares it.

use crate::people::{Alert, Way};
use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::{World, configuration};
use sanling::base::AgentId;
use sanling::base::time::{millis, secs};
use sanling::call::record::{Outcome, RecordingState};
use sanling::switch::input::{Command, RequestedState};
use sanling::switch::output::Reply;

const PCMU: u8 = 0;
const PCMA: u8 = 8;
const TRUNK: &str = "accept_from = [\"127.0.0.0/8\"]";
const AGENT: &str = "id = \"1001\"\n";

/// The lists of the carrier and of agent 1001; an empty one is that of [media].
fn lists(trunk: &str, agent: &str) -> [(&'static str, String); 2] {
    let key = |list: &str| if list.is_empty() { String::new() } else { format!("codecs = [{list}]\n") };
    [(TRUNK, format!("{TRUNK}\n{}", key(trunk))), (AGENT, format!("{AGENT}{}", key(agent)))]
}

fn house(trunk: &str, agent: &str) -> World {
    let lists = lists(trunk, agent);
    let replace: Vec<(&str, &str)> = lists.iter().map(|(from, to)| (*from, to.as_str())).collect();
    let mut world = World::new(7, configuration(&replace, &[]));
    world.agents_come(&["1001"]);
    world
}

impl World {
    fn speaks(&mut self, name: &str, kinds: &[u8]) -> &mut Self {
        if self.find(name).is_none() {
            self.add_phone(name, "127.0.2.9:5060", None);
        }
        self.phone_mut(name).speaks = kinds.to_vec();
        self
    }

    fn becomes(&mut self, state: RequestedState) -> &mut Self {
        let reply = self.command(Command::SetAgentState { agent: AgentId::new("1001"), state, reason: None });
        assert_eq!(reply, Reply::Done);
        self
    }

    /// The payload types of voice in the last offer to that phone, in order; Opus, whose number is dynamic, is 111.
    #[track_caller]
    fn expect_offered(&mut self, name: &str, kinds: &[u8]) -> &mut Self {
        let voices: Vec<u8> = self.phone(name).was_offered.iter().copied().filter(|kind| [0, 8, 9, 111].contains(kind)).collect();
        assert_eq!(voices, kinds, "offered to {name}");
        self
    }

    #[track_caller]
    fn expect_codecs(&mut self, caller: u8, agent: u8) -> &mut Self {
        assert_eq!((self.leg(CALLER).stream.kind, self.leg("1001").stream.kind), (caller, agent), "caller and agent");
        self
    }
}

#[test]
fn who_is_called_is_offered_his_own_list_with_what_spares_transcoding_before_the_rest() {
    // Lists of trunk and agent, what both phones speak, what the agent's is offered, and what the two come to.
    let both: &[u8] = &[PCMA, PCMU];
    for (trunk, agent, caller_speaks, agent_speaks, offered, settled) in [
        ("", "", both, both, &[8, 0, 9, 111][..], (PCMA, PCMA)),
        ("\"pcmu\", \"pcma\"", "\"pcma\", \"pcmu\"", both, both, &[0, 8], (PCMU, PCMU)),
        // The agent's list does not have what the trunk prefers, and the caller has not been answered yet: he gets the agent's.
        ("\"pcmu\", \"pcma\"", "\"pcma\"", both, both, &[8], (PCMA, PCMA)),
        ("\"pcma\"", "\"pcmu\", \"pcma\"", both, both, &[8, 0], (PCMA, PCMA)),
        // What the caller can still turn to goes before what he has not.
        ("\"pcma\", \"pcmu\"", "\"opus\", \"g722\", \"pcmu\", \"pcma\"", both, &[PCMU], &[8, 0, 111, 9], (PCMU, PCMU)),
        ("", "\"opus\", \"pcmu\"", both, both, &[0, 111], (PCMU, PCMU)),
        // Nothing in common: transcoding, and both hear each other.
        ("\"pcmu\", \"pcma\"", "\"pcma\"", &[PCMU], both, &[8], (PCMU, PCMA)),
        ("\"pcmu\"", "\"g722\", \"pcma\"", both, both, &[9, 8], (PCMU, PCMA)),
    ] {
        let mut world = house(trunk, agent);
        world.speaks(CALLER, caller_speaks).speaks("1001", agent_speaks).agent_answers("1001", secs(1));
        world.caller_dials("95000").after(secs(6)).expect_offered("1001", offered).expect_codecs(settled.0, settled.1);
        world.expect_conversation(CALLER, "1001").expect_codecs(settled.0, settled.1);
        assert_eq!(world.ends_well().recording.map(|recording| recording.state), Some(RecordingState::Complete), "{trunk} {agent}");
    }
}

#[test]
fn a_caller_who_hears_music_already_keeps_his_codec() {
    for (agent, offered, settled) in [("\"pcma\", \"pcmu\"", &[0, 8][..], PCMU), ("\"pcma\"", &[8], PCMA)] {
        let mut world = house("\"pcmu\", \"pcma\"", agent);
        world.speaks(CALLER, &[PCMA, PCMU]).speaks("1001", &[PCMA, PCMU]).agent_answers("1001", secs(1));
        world.becomes(RequestedState::NotReady);
        world.caller_dials("95000").after(secs(20)).expect_up(CALLER);
        world
            .becomes(RequestedState::Ready)
            .after(secs(8))
            .expect_offered("1001", offered)
            .expect_codecs(PCMU, settled)
            .expect_conversation(CALLER, "1001");
        assert_eq!(world.ends_well().outcome, Some(Outcome::Answered));
    }
}

#[test]
fn a_call_out_follows_what_the_carrier_takes_with_early_media_and_without() {
    for early in [false, true] {
        let mut world = house("\"pcmu\"", "\"pcma\", \"pcmu\"");
        world.add_phone("carrier", "127.0.0.1:5090", None);
        world.speaks("carrier", &[PCMA, PCMU]).speaks("1001", &[PCMA, PCMU]).agent_answers("carrier", secs(3));
        if early {
            world.alerts_by("carrier", Alert::Early);
        }
        world.dials("1001", "13900000000").after(secs(6)).expect_offered("carrier", &[PCMU]);
        assert_eq!((world.leg("1001").stream.kind, world.leg("carrier").stream.kind), (PCMU, PCMU), "{early}");
        world.expect_conversation("1001", "carrier").ends_well();
    }
}

#[test]
fn a_reload_holds_from_the_next_call_on() {
    let mut world = house("", "\"pcma\"");
    world.speaks(CALLER, &[PCMA, PCMU]).speaks("1001", &[PCMA, PCMU]).agent_answers("1001", secs(1));
    world.caller_dials("95000").after(secs(6)).expect_codecs(PCMA, PCMA);
    let lists = lists("\"pcmu\"", "\"pcmu\"");
    let replace: Vec<(&str, &str)> = lists.iter().map(|(from, to)| (*from, to.as_str())).collect();
    let changes = world.reload(&replace, &[]);
    assert!(changes.iter().any(|change| change.contains("1001")) && changes.iter().any(|change| change.contains("carrier")), "{changes:?}");
    // He holds and retrieves: a new round of descriptions, by the list that the call began with.
    world.holds("1001", Way::SendOnly).after(secs(1)).retrieves("1001").after(secs(1));
    world.expect_conversation(CALLER, "1001").expect_codecs(PCMA, PCMA).ends_well();
    world.after(secs(20)).caller_dials("95000").after(secs(6)).expect_offered("1001", &[PCMU]).expect_codecs(PCMU, PCMU);
    world.expect_conversation(CALLER, "1001").ends_well();
}

#[test]
fn two_who_are_transcoded_outlive_the_switch() {
    let mut world = house("\"pcmu\"", "\"pcma\"");
    world.speaks(CALLER, &[PCMA, PCMU]).speaks("1001", &[PCMA, PCMU]).agent_answers("1001", secs(1));
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6)).expect_codecs(PCMU, PCMA);
    world.crash(millis(800)).after(secs(4)).expect_conversation(CALLER, "1001").expect_codecs(PCMU, PCMA);
    assert_eq!(world.ends_well().outcome, Some(Outcome::Answered));
}
