//! Which message is of which call. The switch says which Call-IDs are a call's, mostly just after their first message: until then it is held
//! back for a moment. Registrations and pings are nobody's.

use super::page::{Direction, Entry};
use crate::base::limits::{TRACE_DIALOGS_MAX, TRACE_HELD_MAX};
use crate::base::{CallId, Timestamp};
use crate::sip::Flow;
use crate::sip::msg::{Framed, Framer};
use std::collections::{BTreeMap, VecDeque};

/// Of a call or of nobody yet.
#[derive(Debug)]
enum Dialog {
    Of(CallId),
    /// Forgotten when it is here at the second look.
    Unknown {
        held: Vec<Entry>,
        looked: bool,
    },
}

#[derive(Default)]
pub(super) struct Sorting {
    dialogs: BTreeMap<String, Dialog>,
    /// Their names in the order in which they came: the oldest goes when there are too many.
    order: VecDeque<String>,
    streams: BTreeMap<Flow, Framer>,
}

impl Sorting {
    /// Entries that are known to be of a call.
    pub fn bytes(&mut self, at: Timestamp, direction: Direction, flow: Flow, bytes: &[u8]) -> Vec<(CallId, Entry)> {
        let entry = |bytes: Vec<u8>| Entry { at, direction, flow, bytes };
        // We write whole messages; those that come by a stream are cut out of it.
        if !flow.protocol.is_stream() || direction == Direction::Out {
            return self.message(entry(bytes.to_vec())).into_iter().collect();
        }
        let framer = self.streams.entry(flow).or_default();
        framer.push(bytes);
        let mut whole = Vec::new();
        loop {
            match framer.next() {
                Ok(Some(Framed::Message(bytes))) => whole.push(bytes),
                Ok(Some(Framed::Ping)) => {}
                Ok(None) => break,
                Err(_) => {
                    self.streams.remove(&flow);
                    break;
                }
            }
        }
        whole.into_iter().filter_map(|bytes| self.message(entry(bytes))).collect()
    }

    pub fn closed(&mut self, flow: Flow) {
        self.streams.remove(&flow);
    }

    /// What was held back for it is the call's.
    pub fn belongs(&mut self, call_id: String, call: CallId) -> Vec<(CallId, Entry)> {
        let before = self.know(call_id, Dialog::Of(call));
        let held = if let Some(Dialog::Unknown { held, .. }) = before { held } else { Vec::new() };
        held.into_iter().map(|entry| (call, entry)).collect()
    }

    /// What nobody has claimed between two looks is nobody's.
    pub fn forget_strangers(&mut self) {
        self.dialogs.retain(|_, dialog| match dialog {
            Dialog::Of(_) => true,
            Dialog::Unknown { looked, .. } => !std::mem::replace(looked, true),
        });
        let dialogs = &self.dialogs;
        self.order.retain(|name| dialogs.contains_key(name));
    }

    fn message(&mut self, entry: Entry) -> Option<(CallId, Entry)> {
        let call_id = call_id(&entry.bytes)?.to_owned();
        match self.dialogs.get_mut(&call_id) {
            Some(Dialog::Of(call)) => Some((*call, entry)),
            Some(Dialog::Unknown { held, .. }) => {
                if held.len() < TRACE_HELD_MAX {
                    held.push(entry);
                }
                None
            }
            None => {
                self.know(call_id, Dialog::Unknown { held: vec![entry], looked: false });
                None
            }
        }
    }

    fn know(&mut self, call_id: String, dialog: Dialog) -> Option<Dialog> {
        let before = self.dialogs.insert(call_id.clone(), dialog);
        if before.is_none() {
            self.order.push_back(call_id);
        }
        while self.order.len() > TRACE_DIALOGS_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.dialogs.remove(&oldest);
            }
        }
        before
    }
}

/// Of the messages that calls are made of: registrations, pings and watches have none.
fn call_id(bytes: &[u8]) -> Option<&str> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = std::str::from_utf8(&bytes[..head]).ok()?;
    let value = |names: [&str; 2]| {
        head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            names.iter().any(|known| name.trim().eq_ignore_ascii_case(known)).then(|| value.trim())
        })
    };
    let method = value(["cseq", "cseq"])?.split_whitespace().nth(1)?;
    let is_nobodys = ["REGISTER", "OPTIONS", "SUBSCRIBE", "PUBLISH"].contains(&method);
    value(["call-id", "i"]).filter(|value| !is_nobodys && !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;
    use crate::sip::Protocol;

    fn flow(protocol: Protocol) -> Flow {
        Flow { protocol, local: "127.0.0.1:5060".parse().expect("an address"), peer: "127.0.0.1:5062".parse().expect("an address") }
    }

    fn message(method: &str, call_id: &str) -> Vec<u8> {
        format!("{method} sip:1 SIP/2.0\r\nCSeq: 1 {method}\r\ni: {call_id}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    }

    fn call(n: i64) -> CallId {
        CallId::new(Timestamp(n), &mut Rng::new(1))
    }

    fn told(found: Vec<(CallId, Entry)>) -> Vec<(CallId, Vec<u8>)> {
        found.into_iter().map(|(call, entry)| (call, entry.bytes)).collect()
    }

    #[test]
    fn a_message_before_its_call_is_known_is_held_until_then() {
        let (mut sorting, udp) = (Sorting::default(), flow(Protocol::Udp));
        let (invite, cancel) = (message("INVITE", "a"), message("CANCEL", "a"));
        assert_eq!(told(sorting.bytes(Timestamp(1), Direction::In, udp, &invite)), []);
        assert_eq!(told(sorting.belongs("a".to_owned(), call(1))), [(call(1), invite)]);
        assert_eq!(told(sorting.bytes(Timestamp(2), Direction::In, udp, &cancel)), [(call(1), cancel.clone())]);
        assert_eq!(told(sorting.belongs("a".to_owned(), call(2))), []);
        assert_eq!(
            told(sorting.bytes(Timestamp(3), Direction::Out, udp, &cancel)),
            [(call(2), cancel)],
            "the leg has moved to another call"
        );
    }

    #[test]
    fn strangers_are_forgotten_and_registrations_never_held() {
        let (mut sorting, udp) = (Sorting::default(), flow(Protocol::Udp));
        for (method, call_id) in [("INVITE", "a"), ("REGISTER", "b"), ("OPTIONS", "c"), ("BYE", "d")] {
            sorting.bytes(Timestamp(1), Direction::In, udp, &message(method, call_id));
        }
        assert_eq!(sorting.dialogs.keys().collect::<Vec<_>>(), ["a", "d"]);
        sorting.belongs("a".to_owned(), call(1));
        sorting.forget_strangers();
        assert_eq!(sorting.dialogs.len(), 2, "it may be claimed still");
        sorting.forget_strangers();
        assert_eq!((sorting.dialogs.keys().collect::<Vec<_>>(), sorting.order.len()), (vec![&"a".to_owned()], 1));
    }

    #[test]
    fn a_stream_is_cut_into_messages_and_there_are_never_too_many() {
        let (mut sorting, tcp) = (Sorting::default(), flow(Protocol::Tcp));
        sorting.belongs("a".to_owned(), call(1));
        let both = [message("INVITE", "a"), message("BYE", "a")].concat();
        let (first, second) = both.split_at(both.len() / 2 + 5);
        let found =
            [sorting.bytes(Timestamp(1), Direction::In, tcp, first), sorting.bytes(Timestamp(1), Direction::In, tcp, second)].concat();
        assert_eq!(told(found), [(call(1), message("INVITE", "a")), (call(1), message("BYE", "a"))]);
        for n in 0..=TRACE_DIALOGS_MAX {
            sorting.belongs(format!("call-{n}"), call(2));
        }
        assert_eq!((sorting.dialogs.len(), sorting.order.len()), (TRACE_DIALOGS_MAX, TRACE_DIALOGS_MAX));
        assert!(!sorting.dialogs.contains_key("a"), "the oldest gave way");
        for _ in 0..=TRACE_HELD_MAX {
            sorting.bytes(Timestamp(1), Direction::In, flow(Protocol::Udp), &message("INVITE", "z"));
        }
        assert_eq!(sorting.belongs("z".to_owned(), call(3)).len(), TRACE_HELD_MAX);
        sorting.bytes(Timestamp(1), Direction::In, tcp, b"INVITE half");
        sorting.closed(tcp);
        assert!(sorting.streams.is_empty());
    }
}
