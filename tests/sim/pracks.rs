//! PRACKs against the switch's own reliable ringing that no phone would send, and what RFC 3262 §3 says of each: 200 to the one that names a
//! response which waits for it, be the call answered meanwhile or not; 481 to all others.

use super::bent::{own_offer, parts_of};
use super::mischief::{Deed, Expect, Mischief, Stage};
use sanling::base::Instant;
use std::net::SocketAddr;

/// What a server transaction remembers: 64 × T1 (Timer J).
const TIMER_J_S: u64 = 31;

pub fn prack(maker: &mut Mischief, call: &str, from: SocketAddr, stranger: bool, now: Instant) -> Option<Deed> {
    let branch = maker.branch();
    let shape = maker.rng.below(9);
    let choice = maker.rng.below(4) as usize;
    let dialog = maker.dialogs.get_mut(call)?;
    // The switch rings in calls in alone.
    if dialog.invite.from().tag() == dialog.switch_tag.as_deref() {
        return None;
    }
    if shape == 0 && !stranger {
        let (at, bytes, code) = dialog.prack.clone()?;
        let is_known = now.saturating_since(at).as_secs() < TIMER_J_S;
        return is_known.then(|| Deed { what: "a PRACK twice", bytes, expect: Expect::Final(vec![code]), is_told: false });
    }
    let number = dialog.used + 1;
    let mut parts = parts_of(dialog, "PRACK", branch, number)?;
    let (invite, waits, over) = (dialog.invite.cseq().0, dialog.is_unpracked, dialog.stage == Stage::Over);
    let answered = matches!(dialog.stage, Stage::Unacked | Stage::Up);
    let wrong_method = ["UPDATE", "invite", "PRACK", ""][choice];
    let mut is_in_order = true;
    let (what, rack, due) = match (shape, dialog.rang) {
        (1, Some(rseq)) => {
            let other = [rseq.wrapping_sub(1), rseq + 2, 0, u32::MAX][choice];
            ("a PRACK of another response", format!("{other} {invite} INVITE"), 481)
        }
        (2, rseq) => ("a PRACK before its response", format!("{} {invite} INVITE", rseq.map_or(1, |rseq| rseq + 1)), 481),
        (3, Some(rseq)) => ("a PRACK of another request", format!("{rseq} {} INVITE", [invite + 1, invite - 1, 0, number][choice]), 481),
        (4, Some(rseq)) => ("a PRACK of another method", format!("{rseq} {invite} {wrong_method}"), 481),
        (5, Some(rseq)) if waits && !over => {
            own_offer(&mut parts, dialog);
            // §5: the offer is not taken; the response is acknowledged all the same.
            ("a PRACK with an offer", format!("{rseq} {invite} INVITE"), 488)
        }
        (6, Some(rseq)) if waits && dialog.taken.is_some() => {
            is_in_order = false;
            parts.cseq = format!("{} PRACK", dialog.taken.unwrap_or(0));
            // RFC 3261 §12.2.2; and it still waits.
            ("a PRACK under a number that was used", format!("{rseq} {invite} INVITE"), 500)
        }
        (7 | 8, Some(rseq)) => {
            let (what, due) = match (over, waits, answered) {
                (true, _, _) => ("a PRACK after the end", 481),
                (_, false, _) => ("a PRACK of what is acknowledged", 481),
                (_, true, true) => ("a PRACK after the answer", 200),
                (_, true, false) => ("a PRACK that the phone did not send", 200),
            };
            (what, format!("{rseq} {invite} INVITE"), due)
        }
        _ => return None,
    };
    let due = match (stranger, over) {
        (true, false) => vec![401],
        (true, true) => vec![401, 481],
        // It may be leaving, and then it keeps its order.
        (false, true) if !is_in_order => vec![481, 500],
        (false, true) => vec![481],
        (false, false) => vec![due],
    };
    parts.extra.push_str(&format!("RAck: {rack}\r\n"));
    let bytes = parts.text(dialog, from);
    if !stranger && is_in_order {
        dialog.used = number;
        dialog.prack = Some((now, bytes.clone(), due[0]));
    }
    Some(Deed { what, bytes, expect: Expect::Final(due), is_told: false })
}
