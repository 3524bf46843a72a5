//! Torturous descriptions at the parser: as an offer each gets the answer, or the refusal, that its table gives; as an answer to our own offer
//! none of them brings anything down.

#[path = "torture/sdp.rs"]
mod sdp_table;

use sanling::base::Codec;
use sanling::sdp::{Local, accept, answer};
use sdp_table::{Due, offers, read};

#[test]
fn each_offer_is_answered_or_refused_as_it_should_be() {
    let local = Local::new("192.0.2.9:20000".parse().expect("an address"), &[Codec::Pcma, Codec::Pcmu, Codec::Opus], 7);
    let mut wrong = Vec::new();
    for offer in offers() {
        let became = match answer(offer.body.as_bytes(), &local) {
            Ok((body, _)) => Ok(read(&body)),
            Err(error) => Err(error.status()),
        };
        let due = match offer.due {
            Due::Taken(media, direction) => Ok((media.iter().map(|line| (*line).to_owned()).collect(), direction.to_owned())),
            Due::Refused(code) => Err(code),
        };
        if became != due {
            wrong.push(format!("{}: {became:?}, due {due:?}", offer.what));
        }
        let _ = accept(offer.body.as_bytes(), &local);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
