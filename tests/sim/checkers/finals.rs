//! No transaction gets two different final responses, and none a provisional one after its final one.

use super::Complaints;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Finals {
    /// By what names the transaction.
    sent: BTreeMap<String, u16>,
}

impl Finals {
    pub fn sent(&mut self, transaction: String, code: u16, complaints: &mut Complaints) {
        match self.sent.get(&transaction) {
            Some(before) if *before != code => complaints.push(format!("{code} after {before} in {transaction}")),
            Some(_) => {}
            None if code >= 200 => {
                self.sent.insert(transaction, code);
            }
            None => {}
        }
    }
}

#[test]
fn a_second_final_response_is_seen_and_a_retransmission_is_none() {
    let (mut finals, mut complaints) = (Finals::default(), Vec::new());
    for code in [100, 180, 180, 200, 200] {
        finals.sent("a".to_owned(), code, &mut complaints);
    }
    assert_eq!(complaints.len(), 0);
    finals.sent("a".to_owned(), 487, &mut complaints);
    finals.sent("a".to_owned(), 180, &mut complaints);
    finals.sent("b".to_owned(), 487, &mut complaints);
    assert_eq!(complaints, ["487 after 200 in a", "180 after 200 in a"]);
}
