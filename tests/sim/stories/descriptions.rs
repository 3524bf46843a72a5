//! Torturous descriptions by way of a call: what is refused has its code and no call behind it, what is taken is answered as the table says.

use crate::phones::Saw;
use crate::sdp_table::{Due, offers, read};
use crate::world::World;
use sanling::base::time::{millis, secs};

#[test]
fn a_call_with_a_torturous_offer_is_answered_or_refused_as_it_should_be() {
    let mut wrong = Vec::new();
    for (index, offer) in offers().into_iter().enumerate() {
        let mut world = World::with_agents(&["1001"]);
        world.agent_answers("1001", millis(500));
        let name = format!("137{index:08}");
        world.add_phone(&name, "127.0.2.1:5060", None);
        world.phone_mut(&name).offers = Some(offer.body.clone());
        world.dials(&name, "95000").after(secs(2));
        let phone = world.phone(&name);
        let refused = phone.log.iter().find_map(|(_, saw)| match saw {
            Saw::Refused { code, .. } => Some(*code),
            _ => None,
        });
        let became = refused.map_or_else(|| Ok(read(&phone.answered_with)), Err);
        let due = match offer.due {
            Due::Taken(media, direction) => Ok((media.iter().map(|line| (*line).to_owned()).collect(), direction.to_owned())),
            Due::Refused(code) => Err(code),
        };
        if became != due {
            wrong.push(format!("{}: {became:?}, due {due:?}", offer.what));
        }
        world.hangs_up(&name).after(secs(1)).expect_quiescence();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
